#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the shells really offer, asked through bash, zsh and fish themselves; and man pages that the
# formatter has nothing to say about.
. "$(dirname "$0")/common.inc"

for shell in bash zsh fish; do
  "$otaru" completion "$shell" >"$work/otaru.$shell"
  "$shell" -n "$work/otaru.$shell" || fail "$shell cannot read its script"
done
if "$otaru" completion tcsh 2>"$work/out"; then fail "a script for tcsh"; fi

in_bash() {  # in_bash WORD...: what is offered for the last word
  bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _otaru
    echo "${COMPREPLY[@]}"' - "$work/otaru.bash" otaru "$@"
}
in_fish() { fish -c "source $work/otaru.fish; complete -C '$*'" | cut -f 1 | tr '\n' ' '; }
in_zsh() {  # the functions that show are replaced by ones that print
  zsh -fc 'compdef() { :; }
    _describe() { local -a rows=("${(@P)2}"); print -l -- "${(@)rows%%:*}"; }
    _files() { print FILES; }
    . "$1"; shift; words=("$@"); CURRENT=$#; _otaru' - "$work/otaru.zsh" otaru "$@" | tr '\n' ' '
}
offers() {  # offers TEXT WANTED UNWANTED WHERE
  case " $1 " in *" $2 "*) ;; *) fail "$4: no '$2' in: $1" ;; esac
  case " $1 " in *" $3 "*) fail "$4: '$3' in: $1" ;; *) ;; esac
}

offers "$(in_bash '')" product add "bash, first word"
offers "$(in_bash product '')" add product "bash, second word"
offers "$(in_bash --server http://a product '')" add product "bash, behind an option"
offers "$(in_bash release add lamp --ch)" --channel --security "bash, an option"
offers "$(in_bash release add lamp 1.0 --)" --json --limit "bash, options of everywhere"
[ -z "$(in_bash backup '')" ] || fail "bash: a folder is the shell's to complete"
offers "$(in_zsh '')" product add "zsh, first word"
offers "$(in_zsh --json product '')" add product "zsh, second word"
offers "$(in_zsh release add lamp --)" --channel --limit "zsh, an option"
offers "$(in_zsh backup '')" FILES product "zsh, a folder"
offers "$(in_fish 'otaru ')" product add "fish, first word"
offers "$(in_fish 'otaru --json product ')" add product "fish, second word"
offers "$(in_fish 'otaru release add lamp --ch')" --channel --security "fish, an option"

# Every command is in the scripts, and has a page or a part of one.
mkdir "$work/man"
"$otaru" man "$work/man"
"$otaru" man | cmp - "$work/man/otaru.1" || fail "otaru man"
for page in "$work"/man/*.1; do
  LC_ALL=C groff -man -Tutf8 -ww -z "$page" 2>"$work/out" || fail "$page: $(cat "$work/out")"
  [ ! -s "$work/out" ] || fail "$page: $(cat "$work/out")"
done
nouns=$(in_bash '')
[ "$(find "$work/man" -name '*.1' | wc -l)" = $(($(echo "$nouns" | wc -w) + 1)) ] ||
  fail "a command without a page"
LC_ALL=C groff -man -Tascii "$work/man/otaru-release.1" |
  sed 's/\x1b\[[0-9;]*m//g; s/.\x08//g' >"$work/out"
grep -q "otaru release add lamp 1.2.0" "$work/out" || fail "the page has no examples"
grep -q "Environment: OTARU_RELEASE_ADD_CHANNEL" "$work/out" || fail "the page names no variables"

# The variables that it names work, and a flag beats them.
start_server --first-key-file "$work/key"
OTARU_KEY=$(cat "$work/key") OTARU_SERVER=$url HOME=$work
export OTARU_KEY OTARU_SERVER HOME
OTARU_PRODUCT_ADD_MODEL=seven "$otaru" product add lamp | grep -q "model.*seven" || fail "variable"
OTARU_PRODUCT_ADD_MODEL=seven "$otaru" product add cup --model 8 | grep -q "model.*8" || fail "flag"
OTARU_JSON=true "$otaru" product list | grep -q '^{"id":1' || fail "OTARU_JSON"
if OTARU_JSON=true "$otaru" product show 99 2>"$work/out"; then fail "product 99"; fi
grep -q '^{' "$work/out" || fail "OTARU_JSON: $(cat "$work/out")"
