#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the console blocks of README.md as a reader would, in an empty folder, and compares what they
# print (tests/e2e/lib/console.py says how). Only the port and the built binary are ours.
. "$(dirname "$0")/common.inc"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
mkdir -p "$work/bin" "$work/here/script"
ln -s "$otaru" "$work/bin/otaru"
# What script/server does once everything is built.
cat >"$work/here/script/server" <<SCRIPT
#!/bin/sh
exec otaru serve --ready-file "$work/ready" "\$@" >>"$work/log" 2>&1
SCRIPT
chmod +x "$work/here/script/server"

export PATH="$work/bin:$PATH" OTARU_LISTEN="127.0.0.1:$port" OTARU_SERVER="http://127.0.0.1:$port"
cd "$work/here"
python3 "$root/tests/e2e/lib/console.py" "$root/README.md" "$work/ready" \
  "127.0.0.1:8080=127.0.0.1:$port"
