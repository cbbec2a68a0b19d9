#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The backup of docs/operating.md: stop, copy the folder, start. The copy has everything; without
# its master key a server refuses the database instead of making a new key.
. "$(dirname "$0")/common.inc"

start_server --first-key-file "$work/key"
OTARU_KEY=$(cat "$work/key") HOME=$work
export OTARU_KEY HOME
head -c 100000 /dev/urandom >"$work/lamp.bin"
"$otaru" --server "$url" publish "$work/lamp.bin" --create --product lamp --version 1.0 >/dev/null
"$otaru" --server "$url" device add 6523 --attribute site=harbour >/dev/null
stop_server
cp -a "$work/data" "$work/copy"
rm -rf "$work/data"

mv "$work/copy" "$work/data"
start_server
"$otaru" --server "$url" device show 6523 | grep -q harbour || fail "the device is gone"
id=$("$otaru" --server "$url" package list --json | sed 's/^{"id":\([0-9]*\).*/\1/')
"$otaru" --server "$url" package download "$id" --to "$work/back.bin" >/dev/null
cmp "$work/lamp.bin" "$work/back.bin" || fail "another file came back"
stop_server

mv "$work/data/master.key" "$work/elsewhere"
if "$otaru" serve --data "$work/data" --listen 127.0.0.1:0 >"$work/out" 2>&1; then
  fail "a server runs on a database without its key"
fi
grep -q "master.key" "$work/out" || fail "it does not say why: $(cat "$work/out")"
[ ! -e "$work/data/master.key" ] || fail "it made another key"
