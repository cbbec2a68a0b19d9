#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Devices by the thousand through the real binary: an import that is killed in the middle goes on,
# an export of it imported elsewhere is the same fleet, wrong lines are told.
. "$(dirname "$0")/common.inc"

fleet=20000
awk -v n="$fleet" 'BEGIN {
  printf "key,blocked,tags,groups,attributes.site,attributes.note\r\n"
  for (i = 0; i < n; i++)
    printf "dev-%07d,%s,%s,%s,site-%d,\"a, \"\"b\"\" %d\"\r\n", i, i % 100 ? "false" : "true",
      i % 3 ? "beta;lab" : "", i % 5 ? "" : "lab", i % 17, i
}' >"$work/fleet.csv"

start_server --first-key-file "$work/key"
export OTARU_SERVER="$url" OTARU_KEY="$(cat "$work/key")" HOME="$work"
otaru_json() { "$otaru" --json "$@"; }

# Wrong lines are told by line, and what is right goes on; a dry run writes nothing.
printf 'key,blocked\na,true\nb,maybe\n,true\nc,false\n' >"$work/odd.csv"
if "$otaru" device import "$work/odd.csv" --dry-run >"$work/out" 2>"$work/err"; then
  fail "wrong lines, and a status of 0"
fi
grep -q '2 created, 0 updated, 0 unchanged, 2 failed' "$work/out" || fail "$(cat "$work/out")"
grep -q 'line 3 (b) blocked: it must be true or false' "$work/err" || fail "$(cat "$work/err")"
"$otaru" import errors 1 | grep -q '"line":4' || fail "import errors"
[ "$("$otaru" device export | wc -l)" = 1 ] || fail "a dry run has left devices"

# Groups must be there before devices are put into them.
"$otaru" group add lab >/dev/null
otaru_json group add betas --filter 'tag == "beta"' >/dev/null

# Killed in the middle, more than once: every line has its effect exactly once.
curl -sf -H "Authorization: Bearer $OTARU_KEY" -T "$work/fleet.csv" \
  "$url/api/v1/blobs?file_name=fleet.csv" >"$work/upload"
upload=$(grep -oE '"id":"[0-9a-f]+"' "$work/upload" | cut -d'"' -f4)
curl -sf -H "Authorization: Bearer $OTARU_KEY" -H 'Content-Type: application/json' \
  "$url/api/v1/imports" -d "{\"upload\":\"$upload\",\"mode\":\"create\"}" >/dev/null
begun() { otaru_json import show 2 | grep -qE '"created":[1-9]'; }
wait_until 30 begun
kill -9 "$server"
wait "$server" 2>/dev/null || true
start_server
export OTARU_SERVER="$url"
ended() { otaru_json import show 2 | grep -q '"state":"finished"'; }
wait_until 120 ended
otaru_json import show 2 >"$work/out"
grep -q "\"created\":$fleet,\"updated\":0,\"unchanged\":0,\"failed\":0" "$work/out" ||
  fail "$(cat "$work/out")"

# Out, and into another server: the same bytes come out of that one.
"$otaru" device export "$work/a.ndjson" | grep -q "^$fleet devices" || fail "export"
"$otaru" device export "$work/a.csv" | grep -q "^$fleet devices" || fail "export of CSV"
"$otaru" device export --filter 'group == "betas" and site == "site-3"' >"$work/some"
expected=$(awk -v n="$fleet" 'BEGIN {
  for (i = 0; i < n; i++) if (i % 3 && i % 17 == 3) c++
  print c + 1
}')
[ "$(wc -l <"$work/some")" = "$expected" ] || fail "filtered: $(wc -l <"$work/some")"
stop_server
rm -r "$work/data"
start_server --first-key-file "$work/key2"
export OTARU_SERVER="$url" OTARU_KEY="$(cat "$work/key2")"
"$otaru" group add lab >/dev/null
"$otaru" device import "$work/a.csv" --mode create >"$work/out"
grep -q "$fleet created" "$work/out" || fail "$(cat "$work/out")"
"$otaru" device export "$work/b.ndjson" >/dev/null
cmp "$work/a.ndjson" "$work/b.ndjson" || fail "the fleet is another one after its way through CSV"
"$otaru" device import "$work/b.ndjson" >"$work/out"
grep -q "0 created, 0 updated, $fleet unchanged" "$work/out" || fail "$(cat "$work/out")"
