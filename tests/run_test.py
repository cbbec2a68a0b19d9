#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that tests/run.py counts what ran: cases, programs, crashes, what was skipped."""
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from run import Tally  # noqa: E402

GTEST = """<testsuites><testsuite name="S">
<testcase name="good" status="run" result="completed" classname="S"/>
<testcase name="bad" status="run" result="completed" classname="S"><failure message="m"/></testcase>
<testcase name="left" status="run" result="skipped" classname="S"><skipped message="m"/></testcase>
<testcase name="off" status="notrun" result="suppressed" classname="S"/>
</testsuite></testsuites>"""
PASSING = '<testsuites><testsuite name="S"><testcase name="a" status="run" classname="S"/>' \
          '<testcase name="b" status="run" classname="S"/></testsuite></testsuites>'


def ctest(*cases):
    return "<testsuite>" + "".join(
        f'<testcase name="{name}" status="{status}">{more}</testcase>'
        for name, status, more in cases) + "</testsuite>"


# what, ctest's report, reports of programs, (passed, failed, skipped)
SAMPLES = [
    ("cases of a program count each", ctest(("unit_a", "fail", "")), {"unit_a": GTEST}, (1, 1, 2)),
    ("two programs add up", ctest(("unit_a", "run", ""), ("unit_b", "run", "")),
     {"unit_a": PASSING, "unit_b": PASSING}, (4, 0, 0)),
    ("a program that dies before its report", ctest(("unit_a", "fail", "")), {}, (0, 1, 0)),
    ("a leak found after all cases passed", ctest(("unit_a", "fail", "")), {"unit_a": PASSING},
     (2, 1, 0)),
    ("a closing line", ctest(("lint", "fail", "<system-out>x\n3 passed, 2 failed\n</system-out>")),
     {}, (3, 2, 0)),
    ("a closing line that hides a failure",
     ctest(("lint", "fail", "<system-out>3 passed, 0 failed</system-out>")), {}, (3, 1, 0)),
    ("a plain program", ctest(("e2e_a", "run", "<system-out>done</system-out>")), {}, (1, 0, 0)),
    ("a program that is not there",
     ctest(("e2e_a", "notrun", '<skipped message="Unable to find executable"/>')), {}, (0, 1, 0)),
    ("a disabled program", ctest(("e2e_a", "disabled", "")), {}, (0, 0, 1)),
    ("a program that says it cannot run here",
     ctest(("e2e_a", "notrun", '<skipped message="SKIP_RETURN_CODE=77"/>')), {}, (0, 0, 1)),
]


def main():
    failed = 0
    for what, report, programs, wanted in SAMPLES:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in programs.items():
                (Path(folder) / f"{name}.xml").write_text(text)
            (Path(folder) / "ctest.junit").write_text(report)
            tally = Tally()
            tally.add_ctest_report(Path(folder) / "ctest.junit")
        got = (tally.passed, len(tally.failed), len(tally.skipped))
        if got != wanted:
            failed += 1
            print(f"{what}: (passed, failed, skipped) = {got}, not {wanted}")
    print(f"{len(SAMPLES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
