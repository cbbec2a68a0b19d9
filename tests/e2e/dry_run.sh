#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a deployment would do is told before it starts, and is what it then does: the whole fleet is
# counted, one device is explained, an ended deployment and an interrupted run are refused.
. "$(dirname "$0")/common.inc"

start_server --first-key-file "$work/key"
OTARU_KEY=$(cat "$work/key") OTARU_SERVER=$url HOME=$work
export OTARU_KEY OTARU_SERVER HOME
head -c 50000 /dev/urandom >"$work/one.bin"

shows() {  # shows TEXT ARGUMENTS...
  text=$1
  shift
  "$otaru" "$@" >"$work/out" 2>&1 || fail "otaru $*: $(cat "$work/out")"
  grep -qF -- "$text" "$work/out" || fail "otaru $*: no '$text' in: $(cat "$work/out")"
}
also() { grep -qF -- "$1" "$work/out" || fail "no '$1' in: $(cat "$work/out")"; }

shows published publish "$work/one.bin" --create --product M5310 --set manufacturer=001 \
  --set module=00107 --version 1.3
# 1200 devices: 1000 of 1.2, 100 that run 1.3 already, 100 of which nothing is known.
{
  echo 'key,components'
  i=0
  while [ $i -lt 1200 ]; do
    version=1.2
    if [ $i -ge 1000 ]; then version=1.3; fi
    if [ $i -ge 1100 ]; then
      echo "d$i,"
    else
      printf 'd%s,"[{""slot"":""firmware"",""product"":""M5310"",""version"":""%s""}]"\n' \
        $i $version
    fi
    i=$((i + 1))
  done
} >"$work/fleet.csv"
shows "1200 created" device import "$work/fleet.csv"
shows draft deployment add spring --newest stable --product M5310

# Of a draft: nothing of it runs, and nothing is changed.
shows "1000 would be updated" deployment dry-run spring
also "1200 looked at, 1100 with its products"
also "1000 full, 0 delta"
also "begins"
also "up_to_date"
also "Is offered 1.3 (full package, 50 000 bytes) by deployment 'spring'."
shows "VALUES" deployment dry-run spring --trace
shows "由部署“spring”提供版本 1.3" deployment dry-run spring --language zh
shows '"devices_matching":1000' deployment dry-run spring --json
[ "$("$otaru" task list --json | wc -l)" = 0 ] || fail "a dry run made tasks"
shows "No running deployment concerns" explain d1

# What was said is what they get.
shows running deployment start spring
shows "Is offered 1.3" explain d1
shows "decided this" explain d1 --trace
also "the device and its task"
shows "without rates and brakes" explain d1 --at +2h
"$otaru" explain d1 --at sometime >"$work/out" 2>&1 && fail "no time, and yet taken"
also "is no time"

# What has ended does not run again.
shows cancelled deployment cancel spring --reason "next week"
"$otaru" deployment dry-run spring >"$work/out" 2>&1 && fail "an ended one ran dry"
also "it will not run again"
shows "has ended: cancelled" explain d1 --trace
