#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The first key is shown once; a lost one is replaced by whoever may start the server; both work.
. "$(dirname "$0")/common.inc"

start_server --first-key-file "$work/first"
"$otaru" --server "$url" --key "$(cat "$work/first")" status | grep -q admin || fail "first key"
stop_server
start_server --first-key-file "$work/again"
[ ! -e "$work/again" ] || fail "a second start made a key without being asked"
stop_server
start_server --first-key-file "$work/new" --new-admin-key true
"$otaru" --server "$url" --key "$(cat "$work/new")" status | grep -q admin || fail "new key"
"$otaru" --server "$url" --key "$(cat "$work/first")" status | grep -q admin || fail "old key"
[ "$(stat -c %a "$work/new")" = 600 ] || fail "the key file can be read by others"
grep -q "$(cat "$work/new")" "$work/data/otaru.db" && fail "the key is in the database"
stop_server
