#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `otaru user`, a second person's approval, and `otaru login --user`, from the command line.
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

# --- A person at the command line: log in, who am I, log out ---
password='correct "horse" battery '
kept="$HOME/.config/otaru/cli.toml"
"$otaru" --json user add cy --role operator >"$work/cy"
link=$(grep -oE 'otl_[A-Za-z0-9]+' "$work/cy" | head -n 1)
expect 200 -X POST -H "Content-Type: application/json" "$url/api/v1/setup" \
  -d "{\"token\":\"$link\",\"password\":\"correct \\\"horse\\\" battery \"}"
printf '%s\n' "$password" | "$otaru" login --user cy 2>&1 >/dev/null |
  grep -q 'OTARU_KEY is set' || fail "the variable that goes first is not named"
rm "$kept"
unset OTARU_KEY

enter() {  # enter PASSWORD ARGUMENTS...: the output is in $work/out
  typed=$1
  shift
  printf '%s\n' "$typed" | "$otaru" login --user cy "$@" >"$work/out" 2>&1
}

! enter wrong || fail "a wrong password was taken"
grep -q 'the name or the password is wrong' "$work/out" || fail "$(cat "$work/out")"
! enter "$password" --key "$(cat "$work/key")" || fail "a key and a person at once"
code=0
enter "" || code=$?
[ "$code" = 2 ] || fail "no password: $code"
[ ! -e "$kept" ] || fail "a log-in that failed is kept"
! "$otaru" whoami >/dev/null 2>&1 || fail "whoami without anybody"

enter "$password" || fail "log-in: $(cat "$work/out")"
grep -qE "^$url answers cy as operator; good until [0-9]{4}-[0-9-]+T[0-9:.]+Z, or 12 hours" \
  "$work/out" || fail "log-in says: $(cat "$work/out")"
[ "$(stat -c %a "$kept")" = 600 ] || fail "the kept session can be read"
"$otaru" whoami | grep -qE '^user +[0-9]+ +cy +operator ' || fail "whoami: $("$otaru" whoami)"
"$otaru" whoami --json | grep -q '"name":"cy"' || fail "whoami --json"
OTARU_KEY=$second "$otaru" whoami | grep -qE '^key .* second ' || fail "whoami of a key"
"$otaru" device add by-cy >/dev/null || fail "a change needs no more than the session"
session=$(grep -oE 'ots_[A-Za-z0-9]+' "$kept")
! grep -q "$session" "$work/out" || fail "log-in shows the token"

enter "$password" --as lab --json || fail "log-in with a name: $(cat "$work/out")"
grep -qE '"name":"cy","role":"operator".*"expires_at":"2' "$work/out" || fail "$(cat "$work/out")"
"$otaru" --on lab whoami | grep -q ' cy ' || fail "--on lab whoami"
! grep -rqF 'horse' "$HOME/.config" "$work/out" "$work/log" || fail "the password is written"

lab=$(grep -oE 'ots_[A-Za-z0-9]+' "$kept" | grep -v "$session")
"$otaru" --on lab logout | grep -q 'has ended' || fail "logout"
expect 401 -H "Authorization: Bearer $lab" "$url/api/v1/me"
expect 200 -H "Authorization: Bearer $session" "$url/api/v1/me"
! grep -q "$lab" "$kept" || fail "logout keeps the token"
! "$otaru" --on lab whoami >/dev/null 2>&1 || fail "whoami after logout"
! "$otaru" --on lab logout 2>/dev/null || fail "a second logout ends another session"
"$otaru" server use "" >/dev/null
"$otaru" logout >/dev/null || fail "the other session of that server"
expect 401 -H "Authorization: Bearer $session" "$url/api/v1/me"
! "$otaru" logout 2>"$work/error" || fail "logout of nobody"
grep -q "no key of $url is kept" "$work/error" || fail "$(cat "$work/error")"
[ "$(stat -c %a "$kept")" = 600 ] || fail "logout opens the file"

# A key is forgotten only, a session that is over is no hindrance, one that cannot be ended stays.
"$otaru" login <"$work/key" >/dev/null
"$otaru" logout | grep -q 'stays valid' || fail "logout of a key"
expect 200 -H "Authorization: Bearer $(cat "$work/key")" "$url/api/v1/me"
enter "$password"
OTARU_KEY=$(cat "$work/key") "$otaru" user disable 3 >/dev/null
"$otaru" logout >/dev/null || fail "logout of a session that is over"
OTARU_KEY=$(cat "$work/key") "$otaru" user enable 3 >/dev/null

# On a terminal the password is not shown.
cat >"$work/terminal.py" <<'END'
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "login", "--user", "cy"])
seen = b""
sent = False
try:
    while piece := os.read(terminal, 1024):
        seen += piece
        if b"Password of cy: " in seen and not sent:
            sent = True
            os.write(terminal, sys.argv[2].encode() + b"\n")
except OSError:
    pass
os.waitpid(pid, 0)
sys.stdout.write(seen.decode())
END
timeout 30 python3 "$work/terminal.py" "$otaru" "$password" >"$work/out" || fail "on a terminal"
grep -q 'answers cy as operator' "$work/out" || fail "on a terminal: $(cat "$work/out")"
! grep -q horse "$work/out" || fail "the password is shown"

stop_server
code=0
"$otaru" logout 2>/dev/null || code=$?
[ "$code" = 3 ] || fail "logout without a server: $code"
grep -q 'ots_' "$kept" || fail "a session that lives on was forgotten"
