#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A million devices in and out of the real binary: rates, and the most memory the server took.

    bench/device_files.py build/release/bin/otaru [DEVICES]

Writes a CSV file, imports it into an empty server, exports the fleet as NDJSON and as CSV, imports
the NDJSON into a second server and compares what that one exports.
"""
import filecmp
import json
import os
import re
import subprocess
import sys
import tempfile
import time

OTARU = os.path.abspath(sys.argv[1])
DEVICES = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000


class Server:
    def __init__(self, folder):
        self.folder = folder
        ready = os.path.join(folder, "ready")
        key = os.path.join(folder, "key")
        self.process = subprocess.Popen(
            [OTARU, "serve", "--data", os.path.join(folder, "data"), "--listen", "127.0.0.1:0",
             "--ready-file", ready, "--first-key-file", key],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not os.path.exists(ready):
            time.sleep(0.05)
        with open(ready, encoding="utf-8") as file:
            address = re.search(r"127\.0\.0\.1:\d+", file.read()).group(0)
        with open(key, encoding="utf-8") as file:
            secret = file.read().strip()
        self.environment = dict(os.environ, OTARU_SERVER="http://" + address, OTARU_KEY=secret,
                                HOME=folder)

    def otaru(self, *words):
        begun = time.monotonic()
        subprocess.run([OTARU, *words], env=self.environment, check=True,
                       stdout=subprocess.DEVNULL)
        return time.monotonic() - begun

    def peak_mib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) // 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


def write_fleet(path):
    with open(path, "w", encoding="utf-8") as file:
        file.write("key,tags,groups,attributes.site,attributes.floor,components\n")
        for i in range(DEVICES):
            tags = "beta;lab" if i % 10 == 0 else ""
            group = "lab" if i % 50 == 0 else ""
            file.write(f"device-{i:08},{tags},{group},site-{i % 100},{i % 30},"
                       f'"[{{""slot"":""firmware"",""version"":""1.{i % 7}""}}]"\n')


def tell(what, seconds, server):
    rate = f"{DEVICES / seconds:,.0f} devices/s"
    print(f"{what}: {seconds:.1f} s, {rate}, peak {server.peak_mib()} MiB", flush=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        one, two = (os.path.join(folder, name) for name in ("one", "two"))
        os.mkdir(one)
        os.mkdir(two)
        fleet, first, second, table = (
            os.path.join(folder, name) for name in ("fleet.csv", "1.ndjson", "2.ndjson", "1.csv"))
        write_fleet(fleet)
        print(json.dumps({"devices": DEVICES, "csv_bytes": os.path.getsize(fleet)}), flush=True)
        server = Server(one)
        server.otaru("group", "add", "lab")
        tell("import CSV", server.otaru("device", "import", fleet, "--mode", "create"), server)
        tell("export NDJSON", server.otaru("device", "export", first), server)
        tell("export CSV", server.otaru("device", "export", table), server)
        tell("import again, all unchanged", server.otaru("device", "import", fleet), server)
        server.stop()
        other = Server(two)
        other.otaru("group", "add", "lab")
        tell("import NDJSON", other.otaru("device", "import", first, "--mode", "create"), other)
        other.otaru("device", "export", second)
        other.stop()
        print("identical" if filecmp.cmp(first, second, shallow=False) else "DIFFERENT", flush=True)


if __name__ == "__main__":
    main()
