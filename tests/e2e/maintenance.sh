#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# backup, restore, check and migrate on the folder of a real server: consistent while it writes,
# nothing wrong accepted, everything there again afterwards.
. "$(dirname "$0")/common.inc"

export HOME="$work"
start_server --first-key-file "$work/key"
OTARU_KEY=$(cat "$work/key")
export OTARU_KEY
cli() { "$otaru" --server "$url" "$@"; }
refused() {  # refused WORDS COMMAND...: exit code 1, and the message has the words
  words=$1
  shift
  if "$@" >"$work/out" 2>&1; then fail "accepted: $*"; fi
  grep -q "$words" "$work/out" || fail "'$*' does not say '$words': $(cat "$work/out")"
}

head -c 3000000 /dev/urandom >"$work/lamp.bin"
cli publish "$work/lamp.bin" --create --product lamp --version 1.0 >/dev/null
cli client add onenet_product 7 --secret bW9kdWxlLWtleS0wMDE= >/dev/null
cli device add first --attribute site=harbour >/dev/null

# Beside a server that is being written to: every device that was acknowledged before is in it.
(i=0; while [ ! -e "$work/enough" ]; do
  i=$((i + 1)); cli device add "d$i" >/dev/null && echo "d$i" >>"$work/acknowledged"
done) &
writer=$!
wait_until 20 grep -q d3 "$work/acknowledged"
before=$(wc -l <"$work/acknowledged")
"$otaru" backup "$work/backup" --data "$work/data" >"$work/out" || fail "$(cat "$work/out")"
grep -q "1 files" "$work/out" || fail "$(cat "$work/out")"
touch "$work/enough"
wait "$writer"
[ "$(stat -c %a "$work/backup")" = 700 ] || fail "others can read the backup"
[ "$(stat -c %a "$work/backup/master.key")" = 600 ] || fail "others can read the key"

# Again into the same folder: only what is new is copied, what is gone goes.
head -c 2000000 /dev/urandom >"$work/second.bin"
cli publish "$work/second.bin" --product lamp --version 2.0 >/dev/null
"$otaru" backup "$work/backup" --data "$work/data" --json >"$work/out"
grep -q '"files":2,.*"files_copied":1,' "$work/out" || fail "$(cat "$work/out")"
[ "$(find "$work/backup" -name 'database-*' | wc -l)" = 1 ] || fail "an old database stays"

# A check beside the running server finds nothing.
"$otaru" check --data "$work/data" >"$work/out" || fail "$(cat "$work/out")"
grep -q "2 files.*no problem (a server is running)" "$work/out" || fail "$(cat "$work/out")"
refused "stop it" "$otaru" check --data "$work/data" --repair
refused "stop it" "$otaru" migrate --data "$work/data"
refused "not empty" "$otaru" restore "$work/backup" --data "$work/data"
refused "holds no backup" "$otaru" backup "$work/data" --data "$work/data"
stop_server

# The whole folder again, somewhere else.
"$otaru" restore "$work/backup" --data "$work/again" >"$work/out" || fail "$(cat "$work/out")"
"$otaru" check --data "$work/again" >"$work/out" || fail "$(cat "$work/out")"
mv "$work/data" "$work/old" && mv "$work/again" "$work/data"
start_server
cli device show first | grep -q harbour || fail "the device is gone"
head -n "$before" "$work/acknowledged" | while read -r key; do
  cli device show "$key" >/dev/null || fail "$key was acknowledged and is not in the backup"
done
cli package download 1 --to "$work/back.bin" >/dev/null
cmp "$work/lamp.bin" "$work/back.bin" || fail "another file came back"
stop_server

# A backup that is not what it was is refused, and leaves nothing.
blob=$(find "$work/backup/blobs" -type f | head -n 1)
spoil() { printf x | dd of="$1" bs=1 seek=1000 conv=notrunc 2>/dev/null; }
cp -a "$work/backup" "$work/spoilt"
spoil "$work/spoilt/${blob#"$work/backup/"}"
refused "are not what its name says" "$otaru" restore "$work/spoilt" --data "$work/n1"
rm -r "$work/spoilt" && cp -a "$work/backup" "$work/spoilt"
rm "$work/spoilt/${blob#"$work/backup/"}"
refused "names 2 files, but holds 1" "$otaru" restore "$work/spoilt" --data "$work/n1"
rm -r "$work/spoilt" && cp -a "$work/backup" "$work/spoilt"
spoil "$(find "$work/spoilt" -name 'database-*')"
refused "changed or damaged" "$otaru" restore "$work/spoilt" --data "$work/n1"
rm "$work/spoilt/backup.json"
refused "no finished backup" "$otaru" restore "$work/spoilt" --data "$work/n1"
[ ! -e "$work/n1" ] && [ ! -e "$work/n1.restoring" ] || fail "half a folder stays"

# check finds what is wrong in a data folder, and repairs what loses nothing.
damaged=$(find "$work/data/blobs" -type f -size +2500k)
spoil "$damaged"
chmod 644 "$work/data/master.key"
rm "$(find "$work/data/blobs" -type f -size -2500k)"
sqlite3 "$work/data/otaru.db" "update task_count set n = n + 1;
  insert into task_count (deployment, b, wave, state, failure, aftermath, stepping, n)
    values (77, 3, 0, 'created', 'none', 'none', 0, 2);
  insert into failure_count (deployment, b, failure, result, n) values (77, 3, 'boot', '7', 2);
  insert into version_count (product, b, version, n) values (1, 3, '9.9', 2);
  insert into component values (9, 9, 'x', 0, '1', 0)"
if "$otaru" check --data "$work/data" --json >"$work/out"; then fail "nothing found"; fi
for what in rights file_damaged file_missing component_device task_count_recount \
  failure_count_recount version_count_recount; do
  grep -q "\"what\":\"$what\"" "$work/out" || fail "$what is not found: $(cat "$work/out")"
done
grep -q 'package 1 (lamp 1.0)' "$work/out" || fail "it does not say whose file: $(cat "$work/out")"
if "$otaru" check --data "$work/data" --repair >"$work/out"; then fail "all repaired?"; fi
grep -q "2 problems" "$work/out" || fail "$(cat "$work/out")"
[ ! -e "$damaged" ] || fail "the damaged file can still be downloaded"
"$otaru" check --data "$work/data" >"$work/out" || true
grep -q "2 problems" "$work/out" || fail "$(cat "$work/out")"
if grep -qE "counters|recount" "$work/out"; then fail "the counters were not repaired"; fi
# Another folder's key opens nothing.
head -c 32 /dev/urandom >"$work/data/master.key"
"$otaru" check --data "$work/data" --quick >"$work/out" || true
grep -q "does not open the secrets" "$work/out" || fail "$(cat "$work/out")"

# A database of the first schema, brought to this program's.
mkdir -p "$work/first" && chmod 700 "$work/first"
sqlite3 "$work/first/otaru.db" <"$root/src/store/contract/testdata/schema_0001.sql"
"$otaru" migrate --data "$work/first" --dry-run >"$work/plan"
newest=$(find "$root/src/store/migrations" -name '*.sql' | wc -l)
if [ "$newest" -gt 1 ]; then
  [ "$(grep -c "would apply" "$work/plan")" = $((newest - 1)) ] || fail "$(cat "$work/plan")"
fi
"$otaru" migrate --data "$work/first" --json >"$work/out"
grep -q "\"to\":$newest" "$work/out" || fail "$(cat "$work/out")"
"$otaru" migrate --data "$work/first" | grep -q "nothing to do" || fail "migrated twice"
refused "no data folder" "$otaru" migrate --data "$work/nowhere"
[ ! -e "$work/nowhere" ] || fail "a folder was made"

# Settings.
printf 'listen = "127.0.0.1:1"\nlog.level = "loud"\n' >"$work/otaru.toml"
if "$otaru" config check "$work/otaru.toml" >"$work/out" 2>&1; then fail "a wrong word is right"; fi
grep -q "otaru.toml:2.*log.level.*loud" "$work/out" || fail "$(cat "$work/out")"
printf 'log.level = "warn"\n' >"$work/otaru.toml"
"$otaru" config check "$work/otaru.toml" >/dev/null
OTARU_WORKERS=7 "$otaru" config show --config "$work/otaru.toml" >"$work/out"
grep -qE "log.level +warn +.*otaru.toml:1" "$work/out" || fail "$(cat "$work/out")"
grep -qE "workers +7 +environment OTARU_WORKERS" "$work/out" || fail "$(cat "$work/out")"
"$otaru" config list | grep -q "^listen_tls" || fail "config list"
