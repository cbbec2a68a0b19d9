#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `otaru publish FILE`: product and version come from the file, are shown with their place, and are
# published only after a yes.
. "$(dirname "$0")/common.inc"

samples="$root/src/inspect/testdata"
start_server --first-key-file "$work/key"
export OTARU_SERVER="$url" OTARU_KEY="$(cat "$work/key")" XDG_STATE_HOME="$work/state"

says() {  # says STATUS TEXT ARGUMENTS...: of otaru publish; TEXT is on standard error
  wanted=$1 text=$2
  shift 2
  status=0
  "$otaru" publish "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
  [ "$status" = "$wanted" ] || fail "publish $*: status $status: $(cat "$work/err")"
  grep -qE -- "$text" "$work/err" || fail "publish $*: no '$text' in: $(cat "$work/err")"
}
count() { "$otaru" --json "$1" list | wc -l; }

# An ESP-IDF application names its project and version.
esp="$samples/esp32c3_app.bin"
says 1 "no product 'lamp-controller'.*--create" "$esp" --yes
says 2 "without a terminal to ask on, --yes" "$esp" --create
grep -qE "^version +1\.4\.2-rc1 +esp_app_desc_t\.version at 0x30\+32" "$work/err" ||
  fail "no evidence: $(cat "$work/err")"
[ "$(count product)" = 0 ] || fail "something was made without a yes"
says 0 "^product +lamp-controller +esp_app_desc_t\.project_name at 0x50\+32" "$esp" --create --yes
grep -q "semver" "$work/err" || fail "no word about the order of versions: $(cat "$work/err")"
grep -q "published" "$work/out" || fail "not published: $(cat "$work/out")"
"$otaru" product show lamp-controller >"$work/out"
grep -qE "^model +esp32c3$" "$work/out" || fail "no model: $(cat "$work/out")"
grep -qE "^version_scheme +semver$" "$work/out" || fail "not semver: $(cat "$work/out")"
says 1 "this version" "$esp" --yes
# Flags go before the file, and the server holds them against it.
says 1 "1\.4\.2-rc1" "$esp" --version 1.5.0 --yes

# A RAUC bundle names the device it is for.
rauc="$samples/archives/rauc-verity.raucb"
says 0 "^product +gateway-a .*compatible" "$rauc" --create --yes --set model=G1
"$otaru" product show gateway-a >"$work/out"
grep -qE "^model +G1$" "$work/out" || fail "--set was not heard: $(cat "$work/out")"
"$otaru" release show gateway-a@2.1.0 >/dev/null || fail "no release 2.1.0"
# One for several devices: the one that is there is taken.
"$otaru" product add gateway-b --version-scheme publish_order >/dev/null
says 1 "several products .gateway-a, gateway-b.*--product" \
  "$samples/archives/mender-rootfs-gzip.mender" --yes
says 0 "release-2\.1\.0" "$samples/archives/mender-rootfs-gzip.mender" --yes --product gateway-b

# mkimage's file has a version in its name, and no product.
head -c 3000 "$otaru" >"$work/kernel"
mkimage -A arm -O linux -T kernel -C none -n "gateway-3.0.1" -d "$work/kernel" "$work/uImage" \
  >/dev/null
says 2 "does not say which product it is for: give --product" "$work/uImage" --yes
says 0 "^version +3\.0\.1 +ih_name at 0x20\+32" "$work/uImage" --yes --product gateway-a
"$otaru" release show gateway-a@3.0.1 >/dev/null || fail "no release 3.0.1"

# A file that says nothing, and one that is damaged.
printf 'just bytes' >"$work/raw.bin"
says 2 "nor which version it is: give --product and --version" "$work/raw.bin" --yes
head -c 500 "$esp" >"$work/cut.bin"
says 2 "is damaged" "$work/cut.bin" --yes --create

# A number in a file is no id.
python3 - "$samples/archives/dfu-mcumgr.zip" "$work/numbered.zip" <<'END'
import json, sys, zipfile
source = zipfile.ZipFile(sys.argv[1])
with zipfile.ZipFile(sys.argv[2], 'w') as out:
    for name in source.namelist():
        data = source.read(name)
        if name == 'manifest.json':
            data = json.dumps(dict(json.loads(data), name='1'))
        out.writestr(name, data)
END
"$otaru" product show 1 >/dev/null || fail "there is no product 1"
says 1 "there is no product '1'" "$work/numbered.zip" --yes
says 1 "not one name for a new product" "$work/numbered.zip" --yes --create

# On a terminal it asks.
cat >"$work/ask.py" <<'END'
import os, pty, sys
answer = sys.argv[1].encode()
child, master = pty.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen, asked = b'', False
while True:
    try:
        piece = os.read(master, 4096)
    except OSError:
        break
    if not piece:
        break
    seen += piece
    if b'[y/N]' in seen and not asked:
        asked = True
        os.write(master, answer + b'\n')
sys.stdout.buffer.write(seen)
assert asked, seen
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
END
mkimage -A arm -O linux -T kernel -C none -n "gateway-3.0.2" -d "$work/kernel" "$work/uImage" \
  >/dev/null
python3 "$work/ask.py" n "$otaru" publish "$work/uImage" --product gateway-a >"$work/out" &&
  fail "no was taken for yes"
grep -q "nothing was published" "$work/out" || fail "no word about it: $(cat "$work/out")"
"$otaru" release show gateway-a@3.0.2 2>/dev/null && fail "no was taken for yes"
python3 "$work/ask.py" y "$otaru" publish "$work/uImage" --product gateway-a >"$work/out" ||
  fail "yes was not taken: $(cat "$work/out")"
"$otaru" release show gateway-a@3.0.2 >/dev/null || fail "no release 3.0.2"
