#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every noun and verb of the command line once as a person uses it and once with --json, names
# instead of ids, and what a refusal looks like.
. "$(dirname "$0")/common.inc"

start_server --first-key-file "$work/key"
export HOME="$work" OTARU_SERVER="$url" XDG_CONFIG_HOME="" XDG_STATE_HOME=""
python3 -c 'import os, sys; open(sys.argv[1], "wb").write(os.urandom(70000))' "$work/lamp.bin"

passes() {  # passes TEXT ARGUMENTS...: ends with 0, and TEXT is in what it prints
  text=$1
  shift
  "$otaru" "$@" >"$work/out" 2>"$work/err" || fail "otaru $*: $? $(cat "$work/err")"
  grep -qF -- "$text" "$work/out" || fail "otaru $*: no '$text' in: $(cat "$work/out" "$work/err")"
}

json() {  # json MEMBER ARGUMENTS...: ends with 0, every line is an object; sets $value
  member=$1
  shift
  "$otaru" --json "$@" >"$work/out" 2>"$work/err" || fail "otaru --json $*: $(cat "$work/err")"
  value=$(python3 - "$work/out" "$member" <<'SCRIPT'
import json
import sys
lines = [json.loads(line) for line in open(sys.argv[1])]
if sys.argv[2] != "-":
    print(lines[-1][sys.argv[2]])
SCRIPT
  ) || fail "otaru --json $*: $(cat "$work/out")"
}

refuses() {  # refuses STATUS TEXT ARGUMENTS...: TEXT is on standard error, nothing on the other
  wanted=$1 text=$2
  shift 2
  status=0
  "$otaru" "$@" >"$work/out" 2>"$work/err" || status=$?
  [ "$status" = "$wanted" ] || fail "otaru $*: status $status, not $wanted: $(cat "$work/err")"
  grep -qF -- "$text" "$work/err" || fail "otaru $*: no '$text' in: $(cat "$work/err")"
  [ ! -s "$work/out" ] || fail "otaru $*: an error on standard output: $(cat "$work/out")"
}

# Without a key nothing is shown; login keeps one, for its owner only and for this server only.
refuses 1 key product list
refuses 1 '"code":"unauthenticated"' product list --json
refuses 1 "" login --key wrong
passes "answers as admin" login <"$work/key"
[ "$(stat -c %a "$work/.config/otaru/cli.toml")" = 600 ] || fail "the kept key can be read"
passes admin status
json role status
[ "$value" = admin ] || fail "role $value"

# Several servers, by name.
passes "answers as admin" login --as lab <"$work/key"
json name server list
"$otaru" server list | grep -qE "^lab +$url +yes" || fail "server list"
if "$otaru" server list | grep -qF "$(cat "$work/key")"; then fail "server list shows a key"; fi
refuses 2 "kept as 'nowhere'" --on nowhere product list
refuses 1 "kept as 'nowhere'" server use nowhere
passes admin --on lab status
passes "lab is in use" server use lab
passes forgotten server forget lab
passes admin status

# The catalogue.
passes lamp product add lamp --model L1 --version-pattern '#N.#N.#N'
json id product add relay
passes MODEL product list
json id product list --name lamp
lamp=$value
passes "version_pattern" product show lamp
json name product show "$lamp"
# --watch: what did not change is not repeated, what did is; an interrupt ends it.
"$otaru" product show lamp --watch 1 >"$work/watched" &
watcher=$!
wait_until 10 grep -q L1 "$work/watched"
"$otaru" product update lamp --model L2 >/dev/null
wait_until 10 grep -q L2 "$work/watched"
kill -INT "$watcher"
status=0
wait "$watcher" || status=$?
[ "$status" = 130 ] || fail "an interrupted --watch ended with $status"
[ "$(grep -c model "$work/watched")" = 2 ] || fail "watched: $(cat "$work/watched")"
"$otaru" product update lamp --model L1 >/dev/null
refuses 2 "--watch: a number" product show lamp --watch 0
passes V2 product update lamp --hw-version V2
json id product update lamp --hw-version V1
refuses 1 "has this name" product add relay
refuses 1 "there is no product 'nosuch'" product show nosuch
passes draft release add lamp 1.0.0 --note en='First.' --label language=CN
json id release add lamp 1.0.9
passes 1.0.9 release list --product lamp --state draft
json version release show lamp@1.0.0
passes First release show lamp@1.0.0
passes beta release update lamp@1.0.9 --channel beta
json channel release update lamp@1.0.9 --channel stable
passes removed release remove lamp@1.0.9
passes lamp.bin package add "$work/lamp.bin" --release lamp@1.0.0 --permission 79,1
json id package list --release lamp@1.0.0
package=$value
passes sha256 package show "$package"
json hidden package update "$package" --hidden
[ "$value" = True ] || fail "hidden is $value"
passes "hidden" package update "$package" --hidden=false
(cd "$work" && mkdir there && cd there && passes lamp.bin package download "$package")
cmp "$work/lamp.bin" "$work/there/lamp.bin" || fail "another file came back"
json md5 package download "$package" --to "$work/again.bin"
refuses 1 "" package download 999999
passes published release publish lamp@1.0.0
refuses 1 "" package remove "$package"
json id publish "$work/lamp.bin" --product lamp --version 1.1.0 --channel beta
passes published publish "$work/lamp.bin" --create --product door --set type=software \
  --version 2.0.0
refuses 1 "" publish "$work/lamp.bin" --product door --version 2.0.0
json id release add door 3.0.0
json id package add "$work/lamp.bin" --release door@3.0.0
passes removed package remove "$value"
passes revoked release revoke lamp@1.1.0
grep -qE "^  counted_all +yes" "$work/out" || fail "not who has it: $(cat "$work/out")"
grep -qE "^  list +/api/v1/devices\?tenant=default&filter=product" "$work/out" ||
  fail "no list of who has it: $(cat "$work/out")"
passes draft kit add 1.0 --release lamp@1.0.0,door@2.0.0 --note en=Spring
json version kit list
[ "$value" = 1.0 ] || fail "kit $value"
passes 1.0 kit list
passes Spring kit show 1.0
json id kit update 1.0 --note en=Summer
passes published kit publish 1.0
passes revoked kit revoke 1.0
json id kit add 2.0
passes removed kit remove 2.0
passes removed product remove relay

# The fleet.
passes 6523 device add 6523 --attribute site=harbour
json key device add 6524
passes LAST device list --prefix 65
json key device list
passes harbour device show 6523
json key device show 6523
json key device update 6523 --attribute site=
if grep -q harbour "$work/out"; then fail "the attribute is still there"; fi
passes yes device block 6523
json blocked device unblock 6523
printf 'key,pending\nnew-1,true\nnew-2,true\nnew-3,true\n' >"$work/pending.csv"
"$otaru" device import "$work/pending.csv" >/dev/null
passes new-2 device list --pending
json pending device list --pending
passes "approved new-2" device approve new-1 new-2
grep -q "approved new-1" "$work/out" || fail "$(cat "$work/out")"
passes "rejected new-3" device reject new-3
passes yes device list --prefix new-3
for key in new-1 new-2 new-3; do passes removed device remove "$key"; done
passes secret device key 6523
json secret device key 6523 --secret MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=
passes removed device unkey 6523
json - device tasks 6523
json - device log 6523
passes automatic device set-consent 6523 automatic --until 2026-12-31T22:00:00Z
json choice device set-consent 6523 ask
[ "$value" = ask ] || fail "consent $value"
passes "operator: " device consent 6523
refuses 1 choice device set-consent 6523 never
passes removed device remove 6524
refuses 1 "" device show 6524
refuses 1 '"status":404' device show 6524 --json

# Deployments and tasks.
printf '6523\n# not this one\n6525\n' >"$work/keys"
passes draft deployment add fix --release lamp@1.0.0 --device 6523 --priority -3
json id deployment add everyone --newest stable
json id deployment update fix --signal-min -100 --deadline 2030-01-01T00:00:00.000Z
passes "fix" deployment update fix --priority 4
# A plan in short forms; shown as JSON it can be read again.
json id group add lab
json id deployment add plan --release lamp@1.0.0 --group lab --percent 12.5 --rate 100/min \
  --grow 50%/10m --concurrent 50 --bandwidth 10MB/s --window 'Mon-Fri 22:00-06:00' \
  --time-zone Asia/Shanghai --silence 1h --brake 'silence>5% of 20: pause' \
  --wave 'test: test group=lab gate=success>=99.5%,soak=1h' --wave 'all: share=100%'
passes "success >= 99.5 %, for 1h" deployment show plan
passes "silence >= 5 % of 20: pause" deployment show plan
json name deployment show plan
cp "$work/out" "$work/plan.json"
json id deployment add copy --plan "$work/plan.json" --rate 7
python3 - "$work/plan.json" "$work/out" <<'SCRIPT'
import json
import sys
was, now = (json.load(open(name)) for name in sys.argv[1:])
for name in ('id', 'name', 'created_at', 'updated_at', 'counts'):
    was.pop(name, None)
    now.pop(name, None)
was['rate']['per_minute'] = 7
if was != now:
    sys.exit(f'the copy differs: {was} {now}')
SCRIPT
json id deployment update copy --plan "$work/plan.json" --percent 20
refuses 2 "column 7" deployment add wrong --newest stable --wave 'test: shere=1%'
refuses 1 "waves[0].share_percent" deployment add wrong --newest stable --wave 'few: share=10%'
passes removed deployment remove plan
passes removed deployment remove copy
json device_count deployment add-devices fix --devices-file "$work/keys"
[ "$value" = 2 ] || fail "$value devices"
passes 6525 deployment devices fix
json device_count deployment remove-devices fix --device 6525
seq 100000 150000 >"$work/many"
json device_count deployment add-devices fix --devices-file "$work/many"
[ "$value" = 50002 ] || fail "$value devices of 50002"
json device_count deployment remove-devices fix --devices-file "$work/many"
[ "$value" = 1 ] || fail "$value devices of 1"
refuses 2 "add-devices" deployment add toomany --newest stable --devices-file "$work/many"
passes running deployment start fix
passes paused deployment pause fix
json state deployment resume fix
passes EVERYONE deployment list
json name deployment list --state running
passes succeeded deployment show fix
json other_failures deployment progress fix
[ "$value" = 0 ] || fail "$value failures"
refuses 1 "a reason is needed" deployment cancel fix
passes cancelled deployment cancel fix --reason "not needed any more"
passes removed deployment remove everyone
json id deployment add other --newest beta --product lamp
passes running deployment start "$value"
passes finished deployment finish other
refuses 1 "" deployment start other
json - task list --deployment fix --limit 5
json - deployment failures fix
json - task failures --since 2026-05-01T00:00:00Z
passes deployment.cancel deployment dossier fix
passes record,at deployment dossier fix --format csv
json lines deployment dossier fix "$work/fix.ndjson"
grep -q '"complete":true' "$work/fix.ndjson" || fail "no whole dossier"
refuses 1 deployment deployment dossier nothing
refuses 1 "" task show 263
refuses 1 "" task history 263
for verb in cancel pause resume; do refuses 1 "" task "$verb" 263; done
refuses 1 "" task consent 263 grant
refuses 1 action task consent 263 maybe

# Why, in two languages.
passes "6523" device show 6523
passes "lamp" explain 6523 --product lamp --version 0.9.0
passes lamp explain 6523 --product lamp --language zh
LC_ALL=C grep -q "$(printf '[\344-\351]')" "$work/out" || fail "not Chinese: $(cat "$work/out")"
passes RULE explain 6523 --product lamp --version 0.9.0 --trace
json device explain 6523 --product lamp --label language=CN --permission 79

# Keys and clients.
passes secret client add oauth_client robots --attribute scopes=read
json id client add oomi_account 111 --permission 79,1
json secret client add hawkbit_gateway factory
passes oauth_client client list
json kind client list --kind oomi_account
json id client list --kind oomi_account
client=$value
json disabled client update "$client" --disabled
[ "$value" = True ] || fail "not disabled"
passes oomi_account client show "$client"
json secret client rotate "$client"
passes removed client remove "$client"
json id key add viewer --role viewer
viewer=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["secret"])' "$work/out")
key=$value
refuses 1 "" product add forbidden --key "$viewer"
passes viewer key list
passes revoked key revoke "$key"
refuses 1 "" product list --key "$viewer"
passes harbour tenant add harbour
json name tenant list
passes NAME tenant list
passes Harbour setting put site.name Harbour
json value setting put site.name Pier
passes Pier setting list

# Wrong command lines, and no server.
refuses 2 "did you mean product?" prodcut list
refuses 2 "did you mean remove?" product rm lamp
refuses 2 "did you mean --channel?" release add lamp 9.0.0 --chanel x
refuses 2 "Usage: otaru product" product
refuses 2 '"code":"invalid"' --json nonsense
refuses 2 "is no number" client update 1 --permission x
refuses 2 "does not exist" package add "$work/nosuch.bin" --release lamp@1.0.0
refuses 2 "http" product list --server ftp://nowhere
refuses 3 "is it running" product list --server http://127.0.0.1:1
refuses 3 '"code":"unavailable"' product list --server http://127.0.0.1:1 --json
"$otaru" product list >/dev/full 2>"$work/err" && fail "a full disk went unnoticed"
grep -q "No space left" "$work/err" || fail "a full disk: $(cat "$work/err")"
"$otaru" product list | head -c 1 >/dev/null || fail "a closed pipe"

stop_server
