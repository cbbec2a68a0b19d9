#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who is behind a device has a say: it is asked, agrees, puts off, refuses or opts out, and the
# device's next check does as was said; `otaru explain` tells why in both languages.
. "$(dirname "$0")/common.inc"

start_server --first-key-file "$work/key"
OTARU_KEY=$(cat "$work/key") OTARU_SERVER=$url HOME=$work
export OTARU_KEY OTARU_SERVER HOME
head -c 30000 /dev/urandom >"$work/one.bin"

shows() {  # shows TEXT ARGUMENTS...
  text=$1
  shift
  "$otaru" "$@" >"$work/out" 2>&1 || fail "otaru $*: $(cat "$work/out")"
  grep -qF -- "$text" "$work/out" || fail "otaru $*: no '$text' in: $(cat "$work/out")"
}
asks() {  # asks PREFIX TEXT: a OneNET device with the key PREFIX1000 asks once
  shows "$2" device simulate --dialect onenet --prefix "$1" --quiet --word pid=123123 \
    --word access_key="$key" --word manuf=001 --word model=00107 --word type=1 --word version=1.2
}
gets_nothing() { asks "$1" "1 devices: 0 updated, 0 errors"; }
is_updated() { asks "$1" "1 devices: 1 updated, 0 errors"; }
task_of() { "$otaru" device tasks "$1" --json | sed -n '1s/^{"id":\([0-9]*\).*/\1/p'; }

shows '"secret"' client add onenet_product 123123 --json
key=$(sed 's/.*"secret":"\([^"]*\)".*/\1/' "$work/out")
shows published publish "$work/one.bin" --create --product M5310 --set manufacturer=001 \
  --set module=00107 --version 1.3
shows ask deployment add polite --newest stable --consent ask
shows running deployment start polite

# Asked: nothing until somebody agrees, also over a restart of the server.
gets_nothing 1
shows "somebody has to agree first: the deployment asks." explain 11000
shows "须先取得同意：部署要求询问。" explain 11000 --language zh
shows awaiting_consent task show "$(task_of 11000)"
stop_server
start_server
export OTARU_SERVER="$url"
gets_nothing 1
shows awaiting_consent task show "$(task_of 11000)"
shows pending task consent "$(task_of 11000)" grant
shows "(pending) to 1.3" explain 11000
is_updated 1
shows succeeded task show "$(task_of 11000)"

# Put off: not before its time, which --at looks beyond.
gets_nothing 2
until=$(date -u -d '+2 days' +%Y-%m-%dT%H:00:00Z)
shows "" task consent "$(task_of 21000)" postpone --until "$until"
gets_nothing 2
shows "it was put off until" explain 21000
shows "已推迟至" explain 21000 --language zh
shows "somebody has to agree first" explain 21000 --at +3d
shows "operator: " device consent 21000

# Refused: left alone, until the choice is made anew.
gets_nothing 3
shows cancelled task consent "$(task_of 31000)" refuse
gets_nothing 3
shows "somebody said no to it." explain 31000
shows "该升级已被拒绝" explain 31000 --language zh
shows automatic device set-consent 31000 automatic
is_updated 3

# Opted out, whatever the deployment says; a forced one asks nobody.
shows "" device add 41000
shows opted_out device set-consent 41000 opted_out
gets_nothing 4
shows "the device has opted out of updates" explain 41000
shows "设备已选择不接受升级" explain 41000 --language zh
shows none deployment update polite --consent none
gets_nothing 4
shows forced deployment update polite --urgency forced
is_updated 4

# Devices that want to be asked are, also where the deployment does not.
shows soft deployment update polite --urgency soft
shows "" device add 51000
shows ask device set-consent 51000 ask
gets_nothing 5
shows "the device wants to be asked" explain 51000
shows "设备要求每次询问" explain 51000 --language zh
shows pending task consent "$(task_of 51000)" grant
is_updated 5
stop_server
