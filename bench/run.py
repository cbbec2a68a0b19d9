#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Otaru beside nginx on the same core, in the same run; prints a markdown table of ratios.

    bench/run.py [--quick] [--only PART,...] [--binary build/release/bin/otaru]

The servers are pinned to core 0 and run alternately, never at once; the load generator (wrk) is
pinned to core 1. A figure is the median over several rounds of A B A B. Parts: checks connections
downloads tasks memory tls deployment instructions. How to read it: docs/performance.md.
"""
import argparse
import pathlib
import resource
import shutil
import sys
import tempfile

import parts
from servers import HERE

PARTS = {"checks": parts.checks, "connections": parts.connections, "downloads": parts.downloads,
         "tls": parts.tls, "tasks": parts.tasks, "instructions": parts.instructions,
         "deployment": parts.deployment, "memory": parts.memory}


def main():
    options = argparse.ArgumentParser(description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="short rounds, smaller fleets")
    options.add_argument("--only", default=",".join(PARTS), help="parts, joined by commas")
    options.add_argument("--binary", default=HERE.parent / "build/release/bin/otaru")
    options.add_argument("--rounds", type=int, default=0)
    options.add_argument("--keep", action="store_true", help="leave the folder of the run there")
    options = options.parse_args()
    options.binary = pathlib.Path(options.binary).resolve()
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = 1 if options.quick else 2
    options.devices = 2000
    options.fleet = 100_000 if options.quick else 1_000_000
    wanted = options.only.split(",")
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"bench: no part {', '.join(unknown)} (there are {' '.join(PARTS)})")
    if not options.binary.exists():
        sys.exit(f"bench: {options.binary} is missing; run: ./dev build release")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="otaru-bench-"))
    try:
        for name, part in PARTS.items():
            if name in wanted:
                print(f"\n### {name}\n", flush=True)
                (folder / name).mkdir()
                part(options, folder / name)
    finally:
        if not options.keep:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
