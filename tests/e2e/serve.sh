#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The server starts on nothing, says that it is well, keeps a second one off its data, ends cleanly
# and starts again on the same data.
. "$(dirname "$0")/common.inc"

start_server
expect 200 "$url/healthz"
expect 200 "$url/readyz"
expect 200 "$url/metrics"
expect 404 "$url/no/such/path"

if "$otaru" serve --data "$work/data" --listen 127.0.0.1:0 >"$work/second" 2>&1; then
  fail "a second server ran on the same data folder"
fi
grep -q "$work/data" "$work/second" || fail "the second did not say why: $(cat "$work/second")"
expect 200 "$url/healthz"

stop_server
start_server
expect 200 "$url/healthz"
stop_server
