#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every command says what it is for and shows examples; the overview is there without being asked.
. "$(dirname "$0")/common.inc"

verbs() {  # verbs [NOUN]: the words under a heading other than the flags, one a line
  "$otaru" "$@" --help | sed -n '/^Commands:/,/^EXAMPLES/p; /^Server:/,/^Commands/p' |
    sed -n 's/^  \([a-z-]*\)  .*/\1/p'
}

helps() {
  "$otaru" "$@" --help >"$work/out" || fail "otaru $* --help"
  grep -q "^EXAMPLES" "$work/out" || fail "otaru $* --help has no examples"
  grep -q "^  otaru $1" "$work/out" || fail "otaru $* --help: its examples show something else"
  [ "$(awk 'length > 110' "$work/out" | wc -l)" = 0 ] || fail "otaru $* --help is too wide"
}

"$otaru" >"$work/overview" || fail "otaru without words"
"$otaru" --help | cmp - "$work/overview" || fail "otaru and otaru --help differ"
grep -q "Exit codes: 0 done, 1 refused, 2 wrong" "$work/overview" || fail "no exit codes"
"$otaru" help release add | grep -q "otaru release add lamp" || fail "otaru help NOUN VERB"
"$otaru" help | cmp - "$work/overview" || fail "otaru help"
"$otaru" --version | grep -Eq '^otaru [0-9]+\.[0-9]+' || fail "otaru --version"

count=0
for noun in $(verbs); do
  helps "$noun"
  for verb in $(verbs "$noun"); do
    helps "$noun" "$verb"
    count=$((count + 1))
  done
done
[ "$count" -gt 55 ] || fail "only $count verbs were found"
