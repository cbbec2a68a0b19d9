#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The demonstration publishes real firmware and drives a device of each protocol through an update;
# also with files of one's own. Nothing of it stays behind.
. "$(dirname "$0")/common.inc"

cd "$work"
export TMPDIR="$work/scratch"
mkdir "$TMPDIR"
"$otaru" demo >demo.txt 2>&1 || fail "otaru demo: $(tail -n 5 demo.txt)"
grep -q "^7 devices updated and verified\.$" demo.txt || fail "not all: $(tail -n 5 demo.txt)"
for package in firmware-ath9k-htc seabios opensbi u-boot-qemu; do
  grep -q "firmware from Debian package $package" demo.txt || fail "no real firmware from $package"
done

mkdir mine
head -c 300000 /dev/urandom >mine/one.bin
head -c 200000 /dev/urandom >mine/two.bin
"$otaru" demo --dir mine >mine.txt 2>&1 || fail "otaru demo --dir: $(tail -n 5 mine.txt)"
grep -q "devices updated and verified\.$" mine.txt || fail "not all devices: $(tail -n 5 mine.txt)"
[ -z "$(ls -A "$TMPDIR")" ] || fail "left behind: $(ls -A "$TMPDIR")"

# With --json every step is an object; the offer is explained before it is taken.
"$otaru" demo --dir mine --json >steps.json 2>&1 ||
  fail "otaru demo --json: $(tail -n 5 steps.json)"
python3 -c 'import json, sys
steps = [json.loads(line) for line in open(sys.argv[1])]
for protocol in ("onenet", "oomi", "ubtech", "hawkbit"):
    told = [s["detail"] for s in steps if s["protocol"] == protocol and s["step"] == "explain"]
    assert told[0].startswith("Is offered ") and told[1].startswith("Runs "), told' steps.json ||
  fail "the steps: $(cat steps.json)"

# On a server with a life of its own it keeps to its own channel and devices, and runs twice.
start_server --first-key-file "$work/key"
for round in first second; do
  "$otaru" demo --dir mine --server "$url" --key "$(cat "$work/key")" >theirs.txt 2>&1 ||
    fail "otaru demo --server, $round: $(tail -n 5 theirs.txt)"
done
grep -q "^6 devices updated" theirs.txt || fail "not all devices: $(tail -n 5 theirs.txt)"
"$otaru" --server "$url" --key "$(cat "$work/key")" deployment list --json >deployments
if grep -q '"everyone":true' deployments; then fail "it deployed to everyone"; fi
stop_server

# However it ends, its server and its folder end with it.
children() { grep -aq "$TMPDIR/[o]taru-demo" /proc/[0-9]*/cmdline 2>/dev/null; }
for signal in INT TERM KILL; do
  mkfifo stuck
  "$otaru" demo --dir mine >stuck 2>&1 &
  demo=$!
  exec 3<stuck
  wait_until 30 children
  kill -$signal "$demo"
  exec 3<&-
  status=0
  wait "$demo" || status=$?
  case $signal-$status in
    INT-130 | TERM-143 | KILL-137) ;;
    *) fail "SIG$signal: status $status" ;;
  esac
  gone() { ! children; }
  wait_until 20 gone
  if [ $signal = KILL ]; then rm -rf "${TMPDIR:?}"/*; fi
  [ -z "$(ls -A "$TMPDIR")" ] || fail "SIG$signal left behind: $(ls -A "$TMPDIR")"
  rm stuck
done
