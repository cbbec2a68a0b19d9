#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Long lists of devices through the real binary: in as a file, changed, out again, over a restart,
# and who stands in them. Lines can be given: OTARU_LIST=1000000.
. "$(dirname "$0")/common.inc"

lines=${OTARU_LIST:-100000}
awk -v n="$lines" 'BEGIN { for (i = 0; i < n; i++) printf "86123405%011d\n", i * 7 }' >"$work/list"
start_server --first-key-file "$work/key"
export OTARU_SERVER="$url" OTARU_KEY="$(cat "$work/key")" HOME="$work"

"$otaru" product add lamp >/dev/null
"$otaru" release add lamp 1.0 >/dev/null
printf 'image' >"$work/lamp.bin"
"$otaru" package add "$work/lamp.bin" --release lamp@1.0 >/dev/null
"$otaru" release publish lamp@1.0 >/dev/null
"$otaru" deployment add fix --release lamp@1.0 >/dev/null
"$otaru" deployment put-devices fix "$work/list" >"$work/out"
grep -q "^$lines keys: $lines added, 0 removed, 0 unchanged, $lines in the list" "$work/out" ||
  fail "$(cat "$work/out")"

# Out again: the same, with a header; and that file changes nothing.
"$otaru" deployment export-devices fix "$work/again.csv"
tail -n +2 "$work/again.csv" | cmp - "$work/list" || fail "the export differs"
"$otaru" deployment put-devices fix "$work/again.csv" |
  grep -q " 0 added, 0 removed, $lines unch" || fail "the export is another list"

# A wrong line is named, and changes nothing.
printf 'a\nb,c\n' >"$work/odd"
if "$otaru" deployment put-devices fix "$work/odd" >"$work/out" 2>&1; then fail "a wrong line"; fi
grep -q 'line 2' "$work/out" || fail "$(cat "$work/out")"

"$otaru" deployment put-devices fix - --mode add <<LIST | grep -q " 2 added" || fail "added"
late-1
late-2
LIST
sed -n '1,10p' "$work/list" | "$otaru" deployment put-devices fix - --mode remove |
  grep -q "0 added, 10 removed, 0 unchanged, $((lines - 8)) in" || fail "removed"
printf 'late-2\n' | "$otaru" deployment put-devices fix - --excluded | grep -q " 1 added" ||
  fail "excluded"
"$otaru" deployment start fix >/dev/null

reason() {
  "$otaru" --json explain "$1" --product lamp --version 0.9 | python3 -c '
import json, sys
print(json.load(sys.stdin)["items"][0]["reason"])'
}
check_all() {
  [ "$(reason late-1)" = offer ] || fail "late-1 $1: $(reason late-1)"
  [ "$(reason late-2)" = not_in_audience ] || fail "late-2 $1: $(reason late-2)"
  [ "$(reason 8612340500000000000)" = not_in_audience ] || fail "a removed one $1"
  [ "$(reason "$(tail -1 "$work/list")")" = offer ] || fail "the last one $1"
}
for key in late-1 late-2 8612340500000000000 "$(tail -1 "$work/list")"; do
  "$otaru" device add "$key" >/dev/null
done
check_all "at first"
stop_server
start_server
export OTARU_SERVER="$url"
check_all "after a restart"
"$otaru" deployment export-devices fix --excluded | grep -qx late-2 || fail "export of exclusions"
stop_server
