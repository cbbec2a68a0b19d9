#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One kit for devices of three protocols: test devices first, then a person agrees, then everybody.
# A bad release after it is stopped by a brake and taken back, over a crash of the server. What is
# told at each stage is right in both languages.
. "$(dirname "$0")/common.inc"

start_server --first-key-file "$work/key"
OTARU_KEY=$(cat "$work/key") OTARU_SERVER=$url HOME=$work
export OTARU_KEY OTARU_SERVER HOME
# Robots read their version out of the file's name.
robot_file="$work/Alpha2Services-1.1--18--5mic.patch"
for file in "$work/1.bin" "$work/2.bin" "$work/4.bin" "$robot_file"; do
  head -c 20000 /dev/urandom >"$file"
done

says() {  # says TEXT ARGUMENTS...
  text=$1
  shift
  "$otaru" "$@" >"$work/out" 2>&1 || fail "otaru $*: $(cat "$work/out")"
  grep -qF -- "$text" "$work/out" || fail "otaru $*: no '$text' in: $(cat "$work/out")"
}
also() { grep -qF -- "$1" "$work/out" || fail "no '$1' in: $(cat "$work/out")"; }
secret_of() { sed 's/.*"secret":"\([^"]*\)".*/\1/' "$work/out"; }
modules() {  # modules PREFIX COUNT VERSION TEXT MORE...
  prefix=$1 count=$2 version=$3 text=$4
  shift 4
  says "$text" device simulate --dialect onenet --prefix "$prefix" --count "$count" --quiet \
    --word pid=123123 --word access_key="$key" --word manuf=001 --word model=00107 --word type=1 \
    --word version="$version" "$@"
}
hubs() {  # hubs PREFIX COUNT TEXT
  says "$3" device simulate --dialect oomi --prefix "$1" --count "$2" --quiet \
    --word product=OOMI_Cube_APP --word version=V2.0.5.8
}
robots() {  # robots PREFIX COUNT TEXT
  says "$3" device simulate --dialect ubtech --prefix "$1" --count "$2" --quiet \
    --word client_id=robots --word client_secret="$client" --word username=owner \
    --word password="$password" --word package_name=com.robots --word file_name=service \
    --word language=CN --word robot_version=1 --word version=17
}
in_state() { "$otaru" deployment show "$1" --json | grep -q "\"state\":\"$2\""; }
wave_open() { "$otaru" deployment show "$1" --json | grep -q "\"open_waves\":$2"; }
numbers_hold() { "$otaru" explain 21000 | grep -qF "The numbers hold since"; }
crash() {  # as a power cut
  kill -9 "$server"
  wait "$server" 2>/dev/null || true
  start_server
  export OTARU_SERVER="$url"
}

says '"secret"' client add onenet_product 123123 --json
key=$(secret_of)
says '"secret"' client add oauth_client robots --json
client=$(secret_of)
says '"secret"' client add oauth_user owner --json
password=$(secret_of)
says published publish "$work/1.bin" --create --product M5310 --set manufacturer=001 \
  --set module=00107 --version 1.3
says published publish "$work/2.bin" --create --product OOMI_Cube_APP --set model=1 \
  --set hw_version=V1.0.0.0 --set version_pattern='V#N.#N.#N.#N' --version V2.0.6.9
says published publish "$robot_file" --create --product com.robots --set model=service \
  --set version_scheme=integer --version 18 --label language=CN
says draft kit add 1.0 --release M5310@1.3 --release OOMI_Cube_APP@V2.0.6.9 --release com.robots@18
says published kit publish 1.0

# Test devices first; the rest waits for them, and for a person.
says lab group add lab
says "" device add 11000
says "" group add-devices lab --device 11000
says draft deployment add spring --kit 1.0 \
  --wave 'test: test group=lab gate=sample>=1,success>=100%,approval' --wave 'all: share=100%'
says running deployment start spring
modules 2 2 1.2 "2 devices: 0 updated, 0 errors"
hubs AB 2 "2 devices: 0 updated, 0 errors"
robots 7 2 "0 updated, 0 errors"
says "Is in wave 2 ('all') of 2 of deployment 'spring', which is not open yet" explain 21000
also "the agreement of a person."
says "尚未开放" explain 21000 --language zh
also "至少 1 次升级结束、成功率至少 100 %、人工批准。"
says "wave 1 ('test') waits for" explain AB1000
modules 1 1 1.2 "1 devices: 1 updated, 0 errors"
crash
wait_until 30 numbers_hold
says "各项指标自" explain 21000 --language zh
says "" deployment approve-wave spring --reason "looks good"
wait_until 30 wave_open spring 2
says "Is offered 1.3" explain 21000
modules 2 2 1.2 "2 devices: 2 updated, 0 errors"
hubs AB 2 "2 devices: 2 updated, 0 errors"
robots 7 2 "2 updated, 0 errors"
says '"arrived":7' deployment progress spring --json
also '"tasks":{"pending":0,"downloading":0,"upgrading":0,"succeeded":7,"failed":0'

# A bad release, stopped and taken back.
says published publish "$work/4.bin" --product M5310 --version 1.4
says draft deployment add bad --release M5310@1.4 --priority 5 \
  --brake 'failures(verification)>1: roll-back to M5310@1.3'
says running deployment start bad
modules 1 1 1.3 "1 devices: 1 updated, 0 errors"
modules 2 1 1.3 "1 devices: 0 updated, 0 errors" --fate fails --failure verification
crash
wait_until 30 in_state bad rolled_back
says 'take back bad' deployment list
says "Is offered 1.3 (full package, 20 000 bytes) by deployment 'take back bad'." explain 11000
says "由部署“take back bad”提供版本 1.3" explain 11000 --language zh
says "has ended: rolled_back (brake 1: 1 of 2 ended tasks failed (verification)" \
  explain 11000 --trace
modules 1 1 1.4 "1 devices: 1 updated, 0 errors"
says "Runs 1.3" explain 11000
modules 2 1 1.3 "1 devices: 0 updated, 0 errors"
says verification deployment failures bad
says deployment.roll_back deployment dossier bad
stop_server
