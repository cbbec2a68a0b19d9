#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starting a deployment: from the request that starts it to the first device that is answered with
it, with ten devices and with DEVICES in the store, through the real server.

    bench/start_deployment.py build/release/bin/otaru [DEVICES [ROUNDS]]

The fleet is written straight into the database of a server that is not running: copies of one
device that has checked in, its row and its component's, with ids and keys of their own. It is
deleted in the end. Beside it stands, in the same seconds, what one durable row costs there
(creating a draft), since most of a start is its fsync.
"""
import pathlib
import re
import shutil
import socket
import sqlite3
import statistics
import sys
import tempfile
import time

import servers
import world

BINARY = pathlib.Path(sys.argv[1]).resolve()
DEVICES = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 15
TEMPLATE = "4711"


def columns(database, table):
    return [row[1] for row in database.execute(f"pragma table_info({table})")]


def clone(database, table, device_column, replaced, count):
    names = columns(database, table)
    chosen = ", ".join(replaced.get(name, f"t.{name}") for name in names)
    database.execute(f"create temp table template as select * from {table} where {device_column} = "
                     "(select id from device where key = ?)", (TEMPLATE,))
    for bucket in range(256):  # in the order of the primary key
        last = (count - 1 - bucket) // 256
        if last < 0:
            continue
        database.execute(
            f"with recursive n(i) as (select 0 union all select i + 1 from n where i < {last}) "
            f"insert into {table} ({', '.join(names)}) select {chosen} from n, template t",
            {"b": bucket})
    database.execute("drop table template")


def add_fleet(path, count):
    database = sqlite3.connect(path)
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = off")
    database.execute("pragma cache_size = -200000")
    identity = "(n.i + 1000000) * 256 + :b"
    clone(database, "device", "id", {"b": ":b", "id": identity,
                                     "key": "'9' || printf('%010d', n.i * 256 + :b)"}, count)
    database.commit()
    clone(database, "component", "device", {"b": ":b", "device": identity}, count)
    database.commit()
    database.execute("pragma wal_checkpoint(truncate)")
    database.close()


class Door:
    """A device's connection that is kept."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def check(self, key):
        self.socket.sendall(world.onenet_check(key, "1.2").encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(65536)
        top, _, body = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: *(\d+)", top)[1])
        while len(body) < length:
            body += self.socket.recv(65536)
        return body


def starts(otaru, release, first):
    door, to_answer, to_return, drafts = Door(otaru.port), [], [], []
    for number in range(first, first + ROUNDS):
        key = str(7_000_000 + number)
        assert b'"target"' not in door.check(key)
        begun = time.perf_counter()
        made = otaru.api("POST", "/api/v1/deployments",
                         {"name": f"start {number}", "target": {"release": release}})["id"]
        drafts.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        otaru.api("POST", f"/api/v1/deployments/{made}/start")
        to_return.append(time.perf_counter() - begun)
        while b'"target":"1.3"' not in door.check(key):
            pass
        to_answer.append(time.perf_counter() - begun)
        otaru.api("POST", f"/api/v1/deployments/{made}/cancel",
                  {"reason": "the next round"})
    return {name: (statistics.median(times) * 1e3, max(times) * 1e3)
            for name, times in (("a draft", drafts), ("start returns", to_return),
                                ("first check answered", to_answer))}


def peak_bytes(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) * 1024


def measure(folder, release, first, what):
    otaru = servers.Otaru(BINARY, folder)
    result = starts(otaru, release, first)
    print(f"{what}: server up after {otaru.start_seconds:.1f} s, peak memory "
          f"{peak_bytes(otaru.pid) / 2**20:.0f} MiB")
    for name, (median, worst) in result.items():
        print(f"  {name:22} median {median:6.1f} ms, worst {worst:6.1f} ms")
    otaru.stop()
    return result


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="otaru-start-"))
    try:
        otaru = servers.Otaru(BINARY, folder)
        otaru.api("POST", "/api/v1/credentials", {"kind": "onenet_product", "name": world.PRODUCT,
                                                  "secret": world.ACCESS_KEY})
        product = otaru.api("POST", "/api/v1/products", {"name": "M5310", "manufacturer": "001",
                                                         "module": "00107"})["id"]
        world.publish(otaru, product, "1.2", "m5310-1.2.bin", world.file_of("m2", 4096))
        release = world.publish(otaru, product, "1.3", "m5310-1.3.bin", world.file_of("m3", 4096))
        door = Door(otaru.port)
        for key in [TEMPLATE, *(str(7_000_000 + number) for number in range(2 * ROUNDS))]:
            door.check(key)
        otaru.stop()
        few = measure(folder, release, 0, f"{2 * ROUNDS + 1} devices")
        database = folder / "data" / "otaru.db"
        begun = time.monotonic()
        add_fleet(database, DEVICES)
        print(f"{DEVICES:,} devices: written in {time.monotonic() - begun:.0f} s, database "
              f"{database.stat().st_size / 2**30:.2f} GiB")
        many = measure(folder, release, ROUNDS, f"{DEVICES:,} devices")
        name = "first check answered"
        print(f"{name}: {many[name][0] / few[name][0]:.2f} times that of few devices")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
