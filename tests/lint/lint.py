#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of the tree that no compiler knows. Each one is a function with @rule; lint_test.py shows
that each can fail. The last line counts rules: "N passed, N failed".

    tests/lint/lint.py [--notes]         --notes: also what is only a habit (long functions ...)
    tests/lint/lint.py --add-migrations  notes the hash of new migrations (never of changed ones)
"""
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import cpp  # noqa: E402,F401  (registers its rules)
import docs  # noqa: E402,F401
import project  # noqa: E402
from tree import RULES, Tree  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent


def main(arguments):
    tree = Tree.of_checkout(ROOT)
    if "--add-migrations" in arguments:
        (ROOT / project.MIGRATION_HASHES).write_text(project.migration_hashes_with_new(tree))
        return 0
    failed = 0
    for check in RULES:
        findings = list(check(tree))
        wrong = [f for f in findings if f.fatal]
        failed += bool(wrong)
        for finding in wrong + ([f for f in findings if not f.fatal] if "--notes" in arguments
                                else []):
            print(f"{finding} [{check.__name__}]")
    print(f"{len(RULES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
