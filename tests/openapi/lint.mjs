#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Lints src/api/openapi.yaml by the rules of redocly.yaml. The last line is "N passed, N failed".
//   script/bootstrap openapi && node tests/openapi/lint.mjs
import { formatProblems, getTotals, lint, loadConfig } from '@redocly/openapi-core';
import { fileURLToPath } from 'node:url';

const here = path => fileURLToPath(new URL(path, import.meta.url));
const config = await loadConfig({ configPath: here('redocly.yaml') });
const problems = await lint({ ref: here('../../src/api/openapi.yaml'), config });
const totals = getTotals(problems);
formatProblems(problems, { format: 'codeframe', totals, version: '1', maxProblems: 50 });
const failed = totals.errors + totals.warnings;
console.log(`${failed ? 0 : 1} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
