#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""range_conformance.py STATIC_SERVER TOOL

Runs a black-box range conformance tool against STATIC_SERVER, plain and by TLS. The tool is not
part of this tree: where it is absent this test is skipped (exit status 77), and says so. The same
rules are tested from inside in src/http/ranges_test.cc.
"""
import hashlib
import os
import subprocess
import sys
import tempfile


def main():
    server, tool = sys.argv[1], sys.argv[2]
    if not os.path.isfile(tool):
        print(f"SKIPPED: the range conformance tool is not here ({tool or 'no path given'})")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        data = bytes((i * i + i // 251) % 256 for i in range(300_007))
        path, key, cert = (os.path.join(folder, n) for n in ("file.bin", "key.pem", "cert.pem"))
        with open(path, "wb") as out:
            out.write(data)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                        "-keyout", key, "-out", cert], check=True, capture_output=True)
        with subprocess.Popen([server, path, cert, key], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as running:
            ports = [running.stdout.readline().strip() for _ in range(2)]
            worst = 0
            for scheme, port in zip(("http", "https"), ports):
                command = [sys.executable, tool, f"{scheme}://127.0.0.1:{port}/file",
                           hashlib.sha256(data).hexdigest(), "--insecure"]
                done = subprocess.run(command, capture_output=True, text=True)
                print(done.stdout)
                # A warning is a SHOULD that does not hold: here all of them do.
                warned = any(line.startswith("WARN") for line in done.stdout.splitlines())
                worst = max(worst, done.returncode, int(warned))
            running.stdin.close()
            return max(worst, running.wait())


sys.exit(main())
