#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds one preset, runs its tests through ctest and says how many passed and failed.

A ctest entry is often a whole program. What it counts for:
  * a GoogleTest program: its cases, read from the report that it writes (otaru_tests() names the
    file; a program that fails without a failed case, or dies before it reports, is one failure);
  * any program whose last line is "N passed, N failed": those numbers;
  * everything else: one.
Skipped cases are named and counted apart. Nothing ran is a failure.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLOSING_LINE = re.compile(r"(\d+) passed, (\d+) failed")


class Tally:
    """What ran, by the name under which it can be run again."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add_gtest_report(self, path):
        """Returns the number of failed cases in the report."""
        before = len(self.failed)
        for case in ET.parse(path).getroot().iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed.append(f"{path.stem}: {name}")
            elif case.get("status") != "run" or case.find("skipped") is not None:
                self.skipped.append(f"{path.stem}: {name}")
            else:
                self.passed += 1
        return len(self.failed) - before

    def add_ctest_report(self, path):
        for case in ET.parse(path).getroot().iter("testcase"):
            name, status = case.get("name"), case.get("status")
            if status in ("notrun", "disabled"):
                # ctest also says "notrun" when the program is missing: that is a failure.
                skipped = case.find("skipped")
                why = skipped.get("message", "") if skipped is not None else ""
                words = self.skipped if status == "disabled" or "SKIP" in why else self.failed
                words.append(f"{name}: {why or status}")
                continue
            self.add_run(name, status == "run", case.findtext("system-out") or "",
                         path.parent / f"{name}.xml")

    def add_run(self, name, succeeded, output, gtest_report):
        lines = output.strip().splitlines()
        closing = CLOSING_LINE.fullmatch(lines[-1].strip()) if lines else None
        if gtest_report.is_file():
            failures = self.add_gtest_report(gtest_report)
        elif closing:
            self.passed += int(closing[1])
            failures = int(closing[2])
            self.failed += [f"{name} ({i + 1} of {failures})" for i in range(failures)]
        else:
            failures = 0
            self.passed += succeeded
        if not succeeded and failures == 0:
            self.failed.append(f"{name}: the program failed")


def build_preset(preset, jobs):
    if not (ROOT / "build" / preset / "build.ninja").is_file():
        subprocess.run(["cmake", "--preset", preset], cwd=ROOT, check=True)
    subprocess.run(["cmake", "--build", "--preset", preset, f"-j{jobs}"], cwd=ROOT, check=True)


def run_ctest(preset, jobs, selection):
    """Runs the selected tests; returns the tally."""
    reports = ROOT / "build" / preset / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    subprocess.run(["ctest", "--preset", preset, f"-j{jobs}", "--no-tests=error",
                    "--test-output-size-passed", "1000000", "--output-junit",
                    str(reports / "ctest.junit"), *selection], cwd=ROOT)
    tally = Tally()
    if (reports / "ctest.junit").is_file():
        tally.add_ctest_report(reports / "ctest.junit")
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="dev")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 2, 8))
    parser.add_argument("selection", nargs="*", help="passed on to ctest, after --: -L e2e")
    options = parser.parse_args()
    start = time.monotonic()
    try:
        build_preset(options.preset, options.jobs)
    except subprocess.CalledProcessError as error:
        print(f"build failed: {' '.join(error.cmd)}", flush=True)
        print("0 passed, 1 failed")
        return 1
    built = time.monotonic()
    tally = run_ctest(options.preset, options.jobs, options.selection)
    for name in tally.skipped:
        print(f"skipped  {name}")
    for name in tally.failed:
        print(f"FAILED   {name}")
    print(f"preset {options.preset}: built in {built - start:.0f} s, "
          f"tested in {time.monotonic() - built:.0f} s, {len(tally.skipped)} skipped")
    print(f"{tally.passed} passed, {len(tally.failed)} failed")
    if tally.passed == 0:
        print("nothing passed: that is a failure", file=sys.stderr)
    return 0 if tally.passed and not tally.failed else 1


if __name__ == "__main__":
    sys.exit(main())
