#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# TLS with certificates that change while the server runs, a drain that finishes what has begun,
# and settings that are checked before anything starts.
. "$(dirname "$0")/common.inc"

certificate() {  # certificate NAME: a new one for this machine
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
    -addext "subjectAltName=IP:127.0.0.1" -keyout "$work/tls.key" -out "$work/tls.pem" 2>/dev/null
}
shown() {  # the name on the certificate that clients see
  echo | openssl s_client -connect "$tls" 2>/dev/null | openssl x509 -noout -subject
}
shows() { shown | grep -q "$1"; }

certificate first
start_server --listen-tls 127.0.0.1:0 --tls-certificate "$work/tls.pem" --tls-key "$work/tls.key"
tls=$(grep -oE 'https://127\.0\.0\.1:[0-9]+' "$work/ready" | sed 's,https://,,')
expect 200 --cacert "$work/tls.pem" "https://$tls/healthz"
shows first || fail "another certificate: $(shown)"

# The command line: an unknown certificate is refused with a word about what to do.
key=$(sed -n 's/^ *\(otk_[A-Za-z0-9_-]*\)$/\1/p' "$work/log")
"$otaru" --server "https://$tls" --key "$key" --ca-file "$work/tls.pem" status >/dev/null ||
  fail "otaru --ca-file"
status=0
"$otaru" --server "https://$tls" --key "$key" status >/dev/null 2>"$work/err" || status=$?
[ "$status" = 3 ] || fail "an unknown certificate: status $status"
grep -q -- --ca-file "$work/err" || fail "an unknown certificate: $(cat "$work/err")"

# The new files count after SIGHUP, for new connections; wrong ones change nothing.
certificate second
kill -HUP "$server"
wait_until 10 shows second
expect 200 --cacert "$work/tls.pem" "https://$tls/healthz"
cp "$work/tls.pem" "$work/good.pem"
echo nonsense >"$work/tls.pem"
kill -HUP "$server"
wait_until 10 grep -q tls.reload_failed "$work/log"
expect 200 --cacert "$work/good.pem" "https://$tls/healthz"
if curl -sS --tls-max 1.1 --tlsv1.0 --cacert "$work/good.pem" "https://$tls/healthz" \
  >/dev/null 2>&1; then
  fail "TLS 1.1 was accepted"
fi

# SIGTERM while a download runs: it is finished, nobody new is let in, the end is a clean one.
head -c 30000000 /dev/urandom >"$work/big.bin"
OTARU_KEY=$key OTARU_SERVER=$url HOME=$work "$otaru" publish "$work/big.bin" --create \
  --product lamp --version 1.0 >/dev/null
curl -sS --limit-rate 20M -H "Authorization: Bearer $key" -o "$work/got.bin" \
  "$url/api/v1/packages/1/file" &
download=$!
begun() { [ -s "$work/got.bin" ]; }
wait_until 20 begun
kill -TERM "$server"
wait "$download" || fail "the download was cut by the drain"
cmp "$work/big.bin" "$work/got.bin" || fail "the download is not the file"
wait "$server" || fail "the server ended with status $?"
server=""
if curl -sS "$url/healthz" >/dev/null 2>&1; then fail "the server still answers"; fi

# Settings.
refuses() {  # refuses TEXT ARGUMENTS...
  text=$1
  shift
  status=0
  "$otaru" serve --check-config "$@" >"$work/out" 2>&1 || status=$?
  [ "$status" = 2 ] || fail "serve --check-config $*: status $status"
  grep -qF -- "$text" "$work/out" || fail "serve --check-config $*: $(cat "$work/out")"
}
"$otaru" serve --check-config --data "$work/none" >/dev/null || fail "good settings are refused"
[ ! -e "$work/none" ] || fail "checking made a data folder"
refuses "listen" --listen nowhere
refuses "log.level" --log-level loud
printf 'listen = "127.0.0.1:0"\nunheard_of = 1\n' >"$work/otaru.toml"
refuses "unheard_of" --config "$work/otaru.toml"
printf 'listen = "127.0.0.1:0"\n[log]\nlevel = "warn"\n' >"$work/otaru.toml"
"$otaru" serve --check-config --config "$work/otaru.toml" >/dev/null || fail "a good file"
OTARU_LOG_LEVEL=loud refuses "OTARU_LOG_LEVEL"
