#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles each header of src/ alone: it must need nothing included before it, and cost little.

    tests/lint/headers.py [PATH...]      without paths: all of src/

Generated headers are taken from build/dev, so build that first (./dev headers does).

The budget is one CPU second. On a machine so slow that the reference (six common library headers)
takes more than 0.7 s, the budget grows with the reference.
"""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
REFERENCE = "".join(f"#include <{h}>\n" for h in
                    ["string", "vector", "optional", "variant", "span", "memory"])
REFERENCE_S, BUDGET_S = 0.7, 1.0
ATTEMPTS = 3  # the cheapest counts: other work on the machine only adds
GENERATED = sorted({str(p.parent) for p in (ROOT / "build" / "dev" / "src").rglob("*.h")})


def compile_text(text):
    """(CPU seconds, error text or None) of compiling a text as its own unit."""
    process = subprocess.Popen(
        ["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-I", str(ROOT / "src"),
         "-I", str(ROOT), *[f"-I{folder}" for folder in GENERATED], "-x", "c++", "-"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdin.write(text)
    process.stdin.close()
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, errors if process.returncode else None


def main(paths):
    headers = [Path(p).resolve() for p in paths] or sorted((ROOT / "src").rglob("*.h"))
    reference = min(compile_text(REFERENCE)[0] for _ in range(ATTEMPTS))
    budget = BUDGET_S * max(1.0, reference / REFERENCE_S)
    print(f"reference {reference:.2f} s, budget {budget:.2f} s")
    failed = 0
    for header in headers:
        name = header.relative_to(ROOT / "src")
        text = f'#include "{name}"\n'
        cost, error = compile_text(text)
        for _ in range(ATTEMPTS - 1):
            if not error and cost > budget:
                cost = min(cost, compile_text(text)[0])
        wrong = error or cost > budget
        failed += bool(wrong)
        print(f"{cost:5.2f} s  {name}{'' if not wrong else '  FAILED'}")
        if error:
            print(error)
    print(f"{len(headers) - failed} passed, {failed} failed")
    return 1 if failed or not headers else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
