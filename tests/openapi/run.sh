#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")"
if [ ! -d node_modules ] && [ -z "${CI:-}" ]; then
  echo "the linter is not installed: script/bootstrap test"
  exit 77
fi
node lint.mjs
exec node page.mjs
