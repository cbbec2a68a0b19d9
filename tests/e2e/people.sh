#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `otaru user` and a second person's approval, from the command line.
. "$(dirname "$0")/common.inc"

start_server --first-key-file "$work/key"
export OTARU_SERVER="$url" HOME="$work"
OTARU_KEY=$(cat "$work/key")
export OTARU_KEY

"$otaru" --json user add bo --role operator >"$work/bo"
grep -q '"link":"/api/v1/setup#otl_' "$work/bo" || fail "no link: $(cat "$work/bo")"
"$otaru" user list | grep -q 'bo .*operator .*default .*invited' || fail "the list lacks bo"
"$otaru" --json user show 2 | grep -q '"role":"operator"' || fail "show"
"$otaru" user update 2 --role publisher --display-name Bo >/dev/null
"$otaru" --json user invite 2 | grep -q 'otl_' || fail "invite"
"$otaru" --json user reset-password 2 | grep -q 'otl_' || fail "reset-password"
"$otaru" user disable 2 >/dev/null
"$otaru" --json user show 2 | grep -q '"state":"disabled"' || fail "disable"
"$otaru" user enable 2 >/dev/null
"$otaru" user remove 2 >/dev/null
! "$otaru" user show 2 2>/dev/null || fail "a person who was removed is there"

# --- Two keys are two ---
"$otaru" --json key add second --role operator --expires-at 2999-01-01T00:00:00.000Z >"$work/made"
second=$(grep -oE 'otk_[A-Za-z0-9]+' "$work/made")
"$otaru" setting put approval.devices_min 1 >/dev/null
"$otaru" deployment add all --newest stable --device d1 >/dev/null
"$otaru" deployment start all >/dev/null
"$otaru" --json deployment show all | grep -q '"state":"awaiting_approval"' || fail "it started"
! "$otaru" deployment approve all 2>"$work/error" || fail "who asked could approve"
grep -q "cannot approve" "$work/error" || fail "$(cat "$work/error")"
OTARU_KEY=$second "$otaru" deployment reject all --reason "not on a Friday" >/dev/null
"$otaru" deployment start all >/dev/null
OTARU_KEY=$second "$otaru" deployment approve all >/dev/null
"$otaru" --json deployment show all | grep -q '"state":"running"' || fail "it does not run"
stop_server
