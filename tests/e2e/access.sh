#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# People with the real binary: the setup link works once, cookies and their header, roles, limits,
# a disabled person, a restart; no secret in the log.
. "$(dirname "$0")/common.inc"

password="correct horse battery"
start_server --first-key-file "$work/key"
key=$(cat "$work/key")
link=$(grep -oE 'http://[^ ]*/api/v1/setup#otl_[A-Za-z0-9]+' "$work/log")
token=${link#*#}
[ -n "$token" ] || fail "no setup link was shown"
json="Content-Type: application/json"

post() {  # post STATUS PATH BODY curl-arguments...
  status=$1 path=$2 body=$3
  shift 3
  expect "$status" -X POST -H "$json" -d "$body" "$@" "$url/api/v1/$path"
}

# --- The link ---
expect 200 "${link%%#*}"
grep -q '<form' "$work/body" || fail "the link leads to no form"
post 400 setup "{\"token\":\"$token\",\"name\":\"root\",\"password\":\"short\"}"
post 200 setup "{\"token\":\"$token\",\"name\":\"root\",\"password\":\"$password\"}"
post 410 setup "{\"token\":\"$token\",\"name\":\"eve\",\"password\":\"$password\"}"

# --- Cookies ---
login="{\"name\":\"root\",\"password\":\"$password\"}"
curl -sS -D "$work/head" -o "$work/me" -c "$work/jar" -H "$json" -d "$login" "$url/api/v1/login"
grep -qi '^set-cookie: otaru=ots_.*; Path=/; Max-Age=[0-9]*; HttpOnly; SameSite=Strict' \
  "$work/head" || fail "the cookie is $(grep -i set-cookie "$work/head")"
csrf=$(grep -oE '"csrf":"[0-9a-f]+"' "$work/me" | cut -d'"' -f4)
expect 200 -b "$work/jar" "$url/api/v1/me"
post 403 tenants '{"name":"acme"}' -b "$work/jar"
post 201 tenants '{"name":"acme"}' -b "$work/jar" -H "X-Otaru-CSRF: $csrf"

# --- Roles, and a person who is invited ---
auth="Authorization: Bearer $key"
post 201 users '{"name":"bo","role":"operator"}' -H "$auth"
bo=$(grep -oE 'otl_[A-Za-z0-9]+' "$work/body" | head -n 1)
post 200 setup "{\"token\":\"$bo\",\"password\":\"$password\"}"
curl -sS -D "$work/head" -o /dev/null -H "$json" \
  -d "{\"name\":\"bo\",\"password\":\"$password\"}" "$url/api/v1/login"
session=$(grep -oE 'ots_[0-9a-f]+' "$work/head")
post 201 devices '{"key":"d1"}' -H "Authorization: Bearer $session"
post 403 products '{"name":"lamp"}' -H "Authorization: Bearer $session"
expect 403 -H "Authorization: Bearer $session" "$url/api/v1/users"

# --- Wrong passwords ---
post 401 login '{"name":"bo","password":"wrong"}'
cp "$work/body" "$work/wrong"
post 401 login '{"name":"nobody","password":"wrong"}'
cmp -s "$work/body" "$work/wrong" || fail "an unknown name is told apart from a wrong password"
for _ in 1 2 3 4 5 6 7 8 9; do post 401 login '{"name":"bo","password":"wrong"}'; done
post 429 login "{\"name\":\"bo\",\"password\":\"$password\"}"
curl -sS -D "$work/head" -o /dev/null -H "$json" -d '{"name":"bo","password":"x"}' \
  "$url/api/v1/login"
grep -qi '^retry-after: [0-9]' "$work/head" || fail "429 does not say when to come back"

# --- A restart keeps sessions and shows no second link ---
stop_server
start_server
[ "$(grep -c 'api/v1/setup#' "$work/log")" = 1 ] || fail "a second link was shown"
expect 200 -H "Authorization: Bearer $session" "$url/api/v1/me"

# --- Disabled, and logged out ---
expect 200 -X PATCH -H "$auth" -H "$json" -d '{"disabled":true}' "$url/api/v1/users/2"
expect 401 -H "Authorization: Bearer $session" "$url/api/v1/me"
post 204 logout '' -b "$work/jar" -H "X-Otaru-CSRF: $csrf"
expect 401 -b "$work/jar" "$url/api/v1/me"

for secret in "$password" "$session" "$bo"; do
  ! grep -qF "$secret" "$work/log" || fail "a secret is in the log"
done
stop_server
