#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the ```console blocks of a page in one shell and compares their output.

    console.py PAGE READY_FILE [SHOWN=REAL...]

`$ command` lines run in order (a backslash at the end continues). The lines after a command are
what it must print: `...` inside a line stands for any text, alone on a line for any lines. After a
command that ends in `&` the next waits until READY_FILE is there. SHOWN is replaced by REAL in
commands, REAL by SHOWN in what they print. A command that fails must be shown failing:
`$ command; echo $?`.
"""
import re
import subprocess
import sys
import time
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```", re.M | re.S)


def steps(page):
    """(command, expected lines) in order."""
    found = []
    for block in BLOCK.findall(page):
        continued = False
        for line in block.splitlines():
            if continued:
                found[-1][0] += "\n" + line
            elif line.startswith("$ "):
                found.append([line[2:], []])
            elif found:
                found[-1][1].append(line)
            continued = (continued or line.startswith("$ ")) and line.endswith("\\")
    return found


def pattern_of(lines):
    """A pattern that the whole output must match."""
    parts = [r"(?:.*\n)*?" if line.strip() == "..." else
             ".*?".join(map(re.escape, line.rstrip().split("..."))) + r"[ \t]*\n" for line in lines]
    return "".join(parts)


def run(shell, command):
    shell.stdin.write(f"{command}\n_status=$?; echo; echo \"@@@ $_status\"\n")
    shell.stdin.flush()
    output = []
    for line in shell.stdout:
        if line.startswith("@@@ "):
            return "".join(output)[:-1], int(line[4:])
        output.append(line)
    return "".join(output), -1


def main():
    page, ready = Path(sys.argv[1]).read_text(), Path(sys.argv[2])
    names = [pair.split("=", 1) for pair in sys.argv[3:]]
    failed, passed = 0, 0
    shell = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
    for command, expected in steps(page):
        real = command
        for shown, name in names:
            real = real.replace(shown, name)
        output, status = run(shell, real)
        for shown, name in names:
            output = output.replace(name, shown)
        deadline = time.monotonic() + 30
        while command.endswith("&") and not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        if status == 0 and re.fullmatch(pattern_of(expected), output):
            passed += 1
        else:
            failed += 1
            print(f"$ {command}\n--- expected:\n" + "\n".join(expected) +
                  f"\n--- printed (status {status}):\n{output}")
    shell.stdin.write("kill $(jobs -p) 2>/dev/null; wait\n")
    shell.stdin.close()
    shell.stdout.read()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
