#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The demonstration publishes real firmware and drives a device of each protocol through an update;
# also with files of one's own. Nothing of it stays behind.
. "$(dirname "$0")/common.inc"

cd "$work"
export TMPDIR="$work/scratch"
mkdir "$TMPDIR"
"$otaru" demo >demo.txt 2>&1 || fail "otaru demo: $(tail -n 5 demo.txt)"
grep -q "^4 devices updated and verified\.$" demo.txt || fail "not all: $(tail -n 5 demo.txt)"
for package in firmware-ath9k-htc seabios opensbi u-boot-qemu; do
  grep -q "firmware from Debian package $package" demo.txt || fail "no real firmware from $package"
done

mkdir mine
head -c 300000 /dev/urandom >mine/one.bin
head -c 200000 /dev/urandom >mine/two.bin
"$otaru" demo --dir mine >mine.txt 2>&1 || fail "otaru demo --dir: $(tail -n 5 mine.txt)"
grep -q "devices updated and verified\.$" mine.txt || fail "not all devices: $(tail -n 5 mine.txt)"
[ -z "$(ls -A "$TMPDIR")" ] || fail "left behind: $(ls -A "$TMPDIR")"
