#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `otaru inspect` without a server: facts with their place, notes, exit codes, JSON.
. "$(dirname "$0")/common.inc"

samples="$root/src/inspect/testdata"

"$otaru" inspect "$samples/esp32c3_app.bin" >"$work/out" || fail "a sound file is refused"
grep -q "ESP-IDF application image (esp-idf-app)" "$work/out" || fail "no title"
grep -Eq "^version +1\.4\.2-rc1 +esp_app_desc_t\.version +0x30\+32" "$work/out" ||
  fail "no version with its evidence"
grep -q "The appended SHA-256 fits the content" "$work/out" || fail "no word about the hash"

"$otaru" inspect --json "$samples/mcuboot_ecdsa.bin" >"$work/out" || fail "--json"
python3 - "$work/out" <<'END' || fail "the JSON is not what it should be"
import json, sys
found = json.load(open(sys.argv[1]))
facts = {fact["name"]: fact for fact in found["facts"]}
assert found["kind"] == "mcuboot" and found["sound"], found
assert facts["version"]["value"] == "1.2.3+45"
assert facts["version"]["evidence"] == {
    "field": "image_header.ih_ver", "offset": 20, "size_bytes": 8, "path": ""}
END

head -c 500 "$samples/esp32c3_app.bin" >"$work/cut"
status=0
"$otaru" inspect "$work/cut" >"$work/out" || status=$?
[ "$status" = 1 ] || fail "a file that is cut gave $status"
grep -q "^problem: The file ends" "$work/out" || fail "no word about the cut"

# Nothing in a file moves the cursor.
printf 'S0150000\033[2Jx\n' >"$work/escape"
"$otaru" inspect "$work/escape" >"$work/out" || true
! grep -q "$(printf '\033')" "$work/out" || fail "an escape character came through"

# What is no file is said, and is waited for by nobody.
mkfifo "$work/pipe"
for path in "$work/nothing" "$work" "$work/pipe"; do
  status=0
  timeout 5 "$otaru" inspect "$path" >"$work/out" 2>"$work/err" || status=$?
  [ "$status" = 1 ] || fail "$path gave $status"
  [ -s "$work/err" ] && [ ! -s "$work/out" ] || fail "$path: the error is not on standard error"
done
status=0
"$otaru" inspect >"$work/out" 2>&1 || status=$?
[ "$status" = 2 ] || fail "no file at all gave $status"
