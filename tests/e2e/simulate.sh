#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Simulated devices of every protocol are updated through the command line alone, and `otaru
# explain` says why before and after.
. "$(dirname "$0")/common.inc"

start_server --first-key-file "$work/key" --hawkbit-register-unknown yes
OTARU_KEY=$(cat "$work/key") OTARU_SERVER=$url HOME=$work
export OTARU_KEY OTARU_SERVER HOME
head -c 150000 /dev/urandom >"$work/one.bin"
head -c 170000 /dev/urandom >"$work/two.bin"

shows() {  # shows TEXT ARGUMENTS...
  text=$1
  shift
  "$otaru" "$@" >"$work/out" 2>&1 || fail "otaru $*: $(cat "$work/out")"
  grep -qF -- "$text" "$work/out" || fail "otaru $*: no '$text' in: $(cat "$work/out")"
}
secret_of() { sed 's/.*"secret":"\([^"]*\)".*/\1/' "$work/out"; }

# Nothing is there yet: a check is answered, nothing is offered.
shows '"secret"' client add onenet_product 123123 --json
key=$(secret_of)
shows '"secret"' client add oauth_client robots --json
client=$(secret_of)
shows '"secret"' client add oauth_user owner --json
password=$(secret_of)
shows '"secret"' client add hawkbit_gateway site-1 --json
gateway=$(secret_of)

for version in 1.2 1.3; do
  shows published publish "$work/one.bin" --create --product M5310 --set manufacturer=001 \
    --set module=00107 --version $version
done
shows published publish "$work/one.bin" --create --product OOMI_Cube_APP --set model=1 \
  --set hw_version=V1.0.0.0 --set version_pattern='V#N.#N.#N.#N' --version V2.0.6.9
shows published publish "$work/two.bin" --create --product com.robots --set model=service \
  --set version_scheme=integer --version 18 --label language=CN
shows published publish "$work/two.bin" --create --product gateway-os --version 1.3
shows draft deployment add everyone --newest stable
shows running deployment start everyone

shows "20 devices: 20 updated, 0 errors" device simulate --dialect onenet --count 20 --quiet \
  --word pid=123123 --word access_key="$key" --word manuf=001 --word model=00107 --word type=1 \
  --word version=1.2
shows "5 devices: 5 updated, 0 errors" device simulate --dialect oomi --count 5 --prefix AB \
  --quiet --word product=OOMI_Cube_APP --word version=V2.0.5.8
shows '"step":"install"' device simulate --dialect ubtech --count 1 --prefix 7 --json \
  --word client_id=robots --word client_secret="$client" --word username=owner \
  --word password="$password" --word package_name=com.robots --word file_name=service \
  --word language=CN --word robot_version=1 --word version=17
tail -n 1 "$work/out" | grep -q '"installs":1,"errors":0' || fail "ubtech: $(tail -n 1 "$work/out")"
shows "20 devices: 20 updated, 0 errors" device simulate --protocol hawkbit --count 20 --quiet \
  --prefix gw- --word gateway_token="$gateway" --word product=gateway-os --word version=1.2

[ "$("$otaru" task list --state succeeded --json | wc -l)" = 46 ] || fail "not 46 tasks"
shows "Runs 1.3" explain 1000
shows "Is offered 1.3" explain 1000 --product M5310 --version 1.2
shows 1.3 device show 1000
shows succeeded device tasks 1000
task=$("$otaru" device tasks 1000 --json | sed 's/^{"id":\([0-9]*\).*/\1/')
shows succeeded task show "$task"
shows upgrading task history "$task"
shows succeeded deployment show everyone

# Devices that do not do well: the first 30 percent cannot verify the file, and say so; one that
# waits for a signal reports nothing; what declines or vanishes is not updated.
shows "10 devices: 7 updated, 0 errors" device simulate --dialect onenet --count 10 --quiet \
  --prefix 55 --word pid=123123 --word access_key="$key" --word manuf=001 --word model=00107 \
  --word type=1 --word version=1.2 --fate fails --failure verification --fate-percent 30
task=$("$otaru" device tasks 551000 --json | sed 's/^{"id":\([0-9]*\).*/\1/')
shows verification task show "$task"
# A gateway tries again at once, as often as the deployment allows.
shows "10 devices: 6 updated, 0 errors" device simulate --protocol hawkbit --count 10 --quiet \
  --prefix ill- --word gateway_token="$gateway" --word product=gateway-os --word version=1.2 \
  --fate fails --failure boot --fate-percent 40
task=$("$otaru" device tasks ill-1000 --json | head -n 1 | sed 's/^{"id":\([0-9]*\).*/\1/')
shows boot task show "$task"
shows "health is unhealthy" device simulate --protocol hawkbit --prefix sick- \
  --word gateway_token="$gateway" --word product=gateway-os --word version=1.2 --fate unwell
shows unhealthy device show sick-1000
shows "silent    with 17" device simulate --dialect ubtech --prefix 8 --fate vanishes \
  --word client_id=robots --word client_secret="$client" --word username=owner \
  --word password="$password" --word package_name=com.robots --word file_name=service \
  --word language=CN --word robot_version=1 --word version=17
shows "decline   OOMI_Cube_APP V2.0.6.9" device simulate --dialect oomi --prefix EF \
  --fate declines --word product=OOMI_Cube_APP --word version=V2.0.5.8

# What is wrong is said, and counted.
status=0
"$otaru" device simulate --dialect nosuch >"$work/out" 2>&1 || status=$?
[ $status = 2 ] || fail "an unknown protocol: status $status"
status=0
"$otaru" device simulate --dialect oomi --fate wrong >"$work/out" 2>&1 || status=$?
[ $status = 2 ] || fail "an unknown fate: status $status"
grep -q "none of: good, fails" "$work/out" || fail "an unknown fate: $(cat "$work/out")"
"$otaru" device simulate --dialect onenet --word pid=9 --word access_key="$key" --word manuf=001 \
  --word model=00107 --word type=1 --word version=1.2 >"$work/out" 2>&1 &&
  fail "an unknown product id was served"
grep -q "1 errors" "$work/out" || fail "no error was counted: $(cat "$work/out")"
status=0
"$otaru" --server http://127.0.0.1:1 device simulate --dialect oomi >"$work/out" 2>&1 || status=$?
[ $status = 3 ] || fail "no server: status $status"
"$otaru" device simulate --dialect oomi --count 50 --polls 100000 --prefix CD --quiet \
  --word product=OOMI_Cube_APP --word version=V2.0.6.9 >"$work/out" 2>&1 &
fleet=$!
asks() { "$otaru" device list --prefix CD --limit 1 | grep -q CD; }
wait_until 20 asks
kill -INT $fleet
status=0
wait $fleet || status=$?
[ $status = 130 ] || fail "interrupted: status $status"
stop_server
