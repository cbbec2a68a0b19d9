#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment loses nothing acknowledged.

The real server is killed at random moments while devices of all four vendor documents, operators
and uploads work on it, and started again on the same data. Whatever had been acknowledged must be
there, what was on its way is there whole or not at all, and the data folder holds nothing else.
The random numbers follow the seed that is printed (the moments of the kernel do not).

    OTARU_BIN=build/dev/bin/otaru tests/crash/crash.py [--kills N] [--seed N]
"""
import argparse
import hashlib
import http.client
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import traceback

import otaru
from actors import Cube, OnenetDevice, Robot, Sessions, Touch, check_history, seen
from operators import Operator, Uploader, check_journal, download
from otaru import Failure, Server, check

CUT_OFF = (OSError, http.client.HTTPException)
FIRST_STARTS = 10
TOP_LEVEL = {"blobs", "lock", "master.key", "otaru.db", "otaru.db-wal", "otaru.db-shm", "uploads"}


class Fleet:
    """What one thread drives: devices of one kind, one request at a time, over one connection."""

    def __init__(self, make, rng, size=4, sessions=None):
        self.make, self.rng, self.size, self.sessions = make, rng, size, sessions
        self.number = 0
        self.busy, self.ended = [], []
        self.asked = 0

    def new(self):
        self.number += 1
        return self.make(self.number)

    def settle(self, client):
        if self.sessions:
            self.sessions.settle(client)
        for device in self.busy + self.rng.sample(self.ended, min(2, len(self.ended))):
            device.settle(client)
        self.retire()

    def retire(self):
        self.ended += [device for device in self.busy if device.done()]
        self.busy = [device for device in self.busy if not device.done()]

    def step(self, client):
        while len(self.busy) < self.size:
            self.busy.append(self.new())
        self.rng.choice(self.busy).step(client, self.rng)
        self.asked += 1
        self.retire()


class Worker:
    """A thread of the load: looks first whether all it was promised is there, then goes on."""

    def __init__(self, name, load, key=None):
        self.name, self.load, self.key = name, load, key
        self.acknowledged = 0

    def run(self, server, api_key, settled, failures):
        clients = []
        try:
            operator = otaru.Client(server, api_key)
            clients.append(operator)
            self.load.settle(operator)
            settled.release()
            client = operator if self.key else otaru.Client(server)
            clients.append(client)
            while True:
                self.load.step(client)
                self.acknowledged += 1
        except CUT_OFF:
            pass
        except Exception as error:  # whatever it was, the main thread ends the test with it
            failures.append((self.name, error, traceback.format_exc()))
        finally:
            settled.release()
            for client in clients:
                client.close()


class Crash:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.work = otaru.new_work_folder("otaru-crash-")
        self.server = Server(self.work)
        self.kills = self.early_kills = 0
        self.failures = []

    def random(self):
        return random.Random(self.rng.randrange(1 << 60))

    def prepare(self):
        self.server.start()
        self.api_key = self.server.admin_key()
        client = otaru.Client(self.server, self.api_key)
        self.catalogue = otaru.Catalogue(client)
        numbered = client.api("POST", "/products", {"name": "uploads"})
        draft = client.api("POST", "/releases", {"product": numbered["id"], "version": "9.0"})
        for number in range(4):
            client.api("POST", "/credentials", {"kind": "oauth_user", "name": f"u{number}",
                                                "secret": f"u{number}"})
        client.close()
        self.workers = []
        for lane in range(2):
            users = Sessions([f"u{2 * lane}", f"u{2 * lane + 1}"], self.random())
            for name, make, sessions in (
                    ("onenet", lambda n, at=lane: OnenetDevice(f"imei{at}-{n}"), None),
                    ("ubtech", lambda n, at=lane, of=users: Robot(f"robot{at}-{n}", of), users),
                    ("oomi", lambda n, at=lane: Cube(f"{at:016X}{n:016X}"), None)):
                self.workers.append(Worker(name, Fleet(make, self.random(), sessions=sessions)))
        self.workers.append(Worker("kits", Fleet(Touch, self.random())))
        self.operator = Operator("operator", self.random())
        self.uploader = Uploader("uploader", self.random(), draft)
        self.workers.append(Worker("operator", self.operator, self.api_key))
        self.workers.append(Worker("uploader", self.uploader, self.api_key))

    def second_process_is_refused(self):
        # With the same flags: it must not write the ready file of the first one either.
        done = subprocess.run(self.server.command(), capture_output=True, timeout=otaru.START_S)
        check(done.returncode == 1 and self.server.data.encode() in done.stderr,
              "the second process ended with", done.returncode, done.stderr)

    def kill(self):
        check(self.server.alive(), "the server ended by itself\n" + self.server.log_tail())
        self.server.kill()
        self.kills += 1

    def kill_while_starting(self):
        self.server.spawn()
        time.sleep(self.rng.random() * 0.15)
        self.kill()
        self.early_kills += 1

    def round(self):
        """Start, look, load, kill."""
        self.server.start()
        settled = threading.Semaphore(0)
        threads = [threading.Thread(target=worker.run, args=(self.server, self.api_key, settled,
                                                             self.failures))
                   for worker in self.workers]
        for thread in threads:
            thread.start()
        for _ in threads:
            settled.acquire()
        time.sleep(0.003 + self.rng.random() * self.rng.choice((0.03, 0.3)))
        self.kill()
        for thread in threads:
            thread.join()
        self.raise_failures()

    def raise_failures(self):
        for name, error, trace in self.failures:
            print(f"--- {name}:\n{trace}", flush=True)
        if self.failures:
            raise Failure(f"{self.failures[0][0]}: {self.failures[0][1]}")

    def first_starts(self):
        """However early the first start ends, the next one leaves a key that works."""
        for number in range(FIRST_STARTS):
            work = os.path.join(self.work, f"first-{number}")
            os.mkdir(work)
            server = Server(work)
            server.spawn()
            time.sleep(self.rng.random() * 0.1)
            server.kill()
            server.start()
            try:
                client = otaru.Client(server, server.admin_key())
                check(client.api("GET", "")["role"] == "admin", "the first key is no admin's")
                client.close()
            finally:
                server.kill()
            self.kills += 2

    def run(self, kills):
        self.first_starts()
        self.prepare()
        self.second_process_is_refused()
        self.kill()
        while self.kills < kills:
            if self.rng.random() < 0.15:
                self.kill_while_starting()
            self.round()
            if self.kills % 50 == 0:
                print(f"  {self.kills} kills", flush=True)
        self.look_at_everything()

    def look_at_everything(self):
        """The whole store against all that was ever acknowledged; then the folder and the file."""
        self.server.start()
        started = time.monotonic()
        client = otaru.Client(self.server, self.api_key)
        for worker in self.workers:
            worker.load.settle(client)
        tasks = {}
        for task in client.items("/tasks"):
            tasks.setdefault(task["device"], []).append(task)
        devices = {device["key"]: device for device in client.items("/devices")}
        remembered = [device for worker in self.workers if isinstance(worker.load, Fleet)
                      for device in worker.load.busy + worker.load.ended if device.model]
        for device in remembered:
            actual = seen(devices.get(device.key), tasks.get(device.key, []))
            check(actual == device.model, device.key, "is", actual, "not", device.model)
        check(set(devices) <= {device.key for device in remembered}, "devices nobody asked for")
        for key in self.rng.sample(sorted(tasks), min(200, len(tasks))):
            check_history(client, tasks[key][0])
        for path in self.operator.promised:
            self.operator.verify(client, path)
        check_journal(client, self.operator.promised)
        packages = client.items("/packages")
        for package in packages:
            download(client, f"/packages/{package['id']}", package["sha256"])
        for path, sha256 in self.uploader.packages:
            download(client, path, sha256)
        # The sweep comes with the first second.
        time.sleep(max(0, 2.5 - (time.monotonic() - started)))
        self.look_at_folder(client)
        client.close()
        self.second_process_is_refused()
        self.server.stop()
        with sqlite3.connect(os.path.join(self.server.data, "otaru.db")) as database:
            said = database.execute("pragma integrity_check").fetchall()
            check(said == [("ok",)], "integrity_check:", said)
        print(f"  {len(remembered)} devices, {sum(map(len, tasks.values()))} tasks, "
              f"{len(packages)} packages, {len(self.operator.promised)} things of operators")

    def look_at_folder(self, client):
        names = set(os.listdir(self.server.data))
        check(names <= TOP_LEVEL, "the data folder holds", names - TOP_LEVEL)
        for name in os.listdir(os.path.join(self.server.data, "uploads")):
            check(re.fullmatch(r"[0-9a-f]{32}\.part", name), "uploads holds", name)
            client.api("GET", "/uploads/" + name[:32])
        blobs = os.path.join(self.server.data, "blobs")
        for start in os.listdir(blobs):
            for rest in os.listdir(os.path.join(blobs, start)):
                with open(os.path.join(blobs, start, rest), "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
                check(digest == start + rest, "a file is not what its name says:", start + rest)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    start = time.monotonic()
    crash = Crash(options.seed)
    try:
        crash.run(options.kills)
    except Failure as failure:
        print(f"FAILED after {crash.kills} kills, seed {options.seed}: {failure}")
        print(f"the data folder is kept: {crash.work}")
        print(crash.server.log_tail())
        return 1
    finally:
        if crash.server.process and crash.server.alive():
            crash.server.kill()
    shutil.rmtree(crash.work)
    counts = {}
    for worker in crash.workers:
        counts[worker.name] = counts.get(worker.name, 0) + worker.acknowledged
    print(f"{crash.kills} kills ({crash.early_kills} while starting) in "
          f"{time.monotonic() - start:.0f} s; acknowledged: {counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
