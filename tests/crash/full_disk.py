#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A full disk is said in each protocol's own words; what needs no disk goes on being served; with
room again everything works, and nothing that was acknowledged is lost.

The data folder is a small file system of its own (needs the right to mount). Where that is not
allowed, the server may only write files up to a size, which it meets as the same kind of error.

    OTARU_BIN=build/dev/bin/otaru tests/crash/full_disk.py
"""
import json
import os
import random
import resource
import shutil
import subprocess
import sys

import otaru
from actors import ONENET, Cube, OnenetDevice, Robot, Sessions, Touch
from otaru import Failure, check

DISK_BYTES = 24 << 20
WRITES_MAX = 20_000


class SmallDisk:
    """A tmpfs of its own, filled by a file beside the server's."""

    def __init__(self, work):
        self.folder = os.path.join(work, "disk")
        self.filler = os.path.join(self.folder, "filler")
        os.mkdir(self.folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", self.folder],
                       check=True, capture_output=True)

    def fill(self, server):
        with open(self.filler, "wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12):
                try:
                    while file.write(b"x" * size) == size:
                        pass
                except OSError:
                    pass

    def empty(self, server):
        os.unlink(self.filler)

    def remove(self):
        subprocess.run(["umount", "-l", self.folder], check=False)


class SmallFiles:
    """No file may grow beyond what the database's log has now."""

    def __init__(self, work):
        self.folder = os.path.join(work, "data-of-small-files")

    def limit(self, server, size):
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def fill(self, server):
        self.limit(server, os.path.getsize(os.path.join(server.data, "otaru.db-wal")))

    def empty(self, server):
        self.limit(server, resource.RLIM_INFINITY)

    def remove(self):
        pass


def small_disk(work):
    try:
        return SmallDisk(work)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"  no right to mount ({error}): files of limited size instead")
        return SmallFiles(work)


class FullDisk:
    def __init__(self):
        self.work = otaru.new_work_folder("otaru-full-")
        self.disk = small_disk(self.work)
        self.server = otaru.Server(self.work, os.path.join(self.disk.folder, "data"))
        self.rng = random.Random(20)

    def prepare(self):
        self.server.start()
        self.operator = otaru.Client(self.server, self.server.admin_key())
        self.client = otaru.Client(self.server)
        self.catalogue = otaru.Catalogue(self.operator)
        self.sessions = Sessions(["aa"], self.rng)
        self.sessions.rng.random = lambda: 0.9  # no refreshing: it would write
        self.devices = [OnenetDevice("imei"), Robot("robot", self.sessions), Cube("C" * 32)]
        for device in self.devices:
            device.step(self.client, random.Random(1))
        self.settled = OnenetDevice("settled")
        rng = random.Random(3)
        while not self.settled.done():
            self.settled.step(self.client, rng)

    def writes(self, number):
        """One write through each door; what was answered, or None when it was done."""
        ask = self.client.ask
        status, text, _ = ask("POST", f"/ota/device/version?dev_id=full{number}",
                              '{"f_version":"1.0"}', ONENET)
        onenet = None if json.loads(text)["errno"] == 0 else (status, json.loads(text)["errno"])
        status, text, _ = ask("POST", "/ota/integration/check", {
            "guid": f"{number:032X}", "firmwares": [{"name": otaru.OOMI_PRODUCT, "model": "1",
                                                     "feature": "", "hwVersion": "",
                                                     "swVersion": "V1.0.0.0"}]})
        oomi = None if json.loads(text)["code"] == "1" else (status, json.loads(text)["code"])
        status, text, _ = ask(
            "GET", f"/file/download?access_token={self.sessions.token(self.client)}&package_name="
                   f"{otaru.ROBOT_PACKAGE}&version=6&file_name={otaru.ROBOT_FILE}&language=CN"
                   f"&robot_version=1&robot_id=full{number}")
        robot = None if json.loads(text)["code"] == "100" else (status, json.loads(text)["code"])
        status, text, _ = self.operator.ask("POST", "/api/v1/products", {"name": f"full{number}"})
        api = None if status == 201 else (status, json.loads(text)["code"])
        if status == 201:
            self.products.append(f"full{number}")
        for door, answer in (("onenet", onenet), ("oomi", oomi), ("robot", robot)):
            if answer is None:
                self.known.append((door, number))
        return onenet, oomi, robot, api

    def write_until_full(self):
        self.known, self.products = [], []
        seen = [set(), set(), set(), set()]
        refused = 0
        for number in range(WRITES_MAX):
            answers = self.writes(number)
            for words, answer in zip(seen, answers):
                if answer:
                    words.add(answer)
            refused += all(answers)
            if refused >= 20:
                break
        check(refused >= 20, "the disk never became full")
        wanted = [{(200, 7)}, {(200, "40")}, {(503, "500")}, {(503, "unavailable")}]
        check(seen == wanted, "a full disk is said as", seen, "not", wanted)
        return number

    def upload_is_refused(self):
        data = otaru.firmware("large", 4 << 20)
        client = otaru.Client(self.server, self.server.admin_key())
        try:
            status, text, _ = client.ask("PUT", "/api/v1/blobs?file_name=large.bin", data)
        except OSError:
            return  # answered and closed while bytes were on their way
        problem = json.loads(text)
        check(status == 503 and problem["code"] == "unavailable" and problem["detail"],
              "upload on a full disk:", status, text)

    def others_are_served(self):
        """What needs no disk: files, kits, checks of who has nothing to do, lists, health."""
        touch = Touch("touch")
        touch.step(self.client, self.rng)
        status, text, _ = self.client.ask("GET", "/ota/south/check?dev_id=settled&manuf=001"
                                                 "&model=00107&type=1&version="
                                          + self.settled.model["version"], None, ONENET)
        check(json.loads(text)["errno"] in (0, 11), "a check with nothing to do:", text)
        status, data, _ = self.client.ask("GET", "/ota/south/download/" + self.token,
                                          headers={"Range": "bytes=0-511"})
        check(status == 206 and len(data) == 512, "a slice:", status, data[:100])
        for path in ("/healthz", "/readyz", "/metrics"):
            check(self.client.ask("GET", path)[0] == 200, path)
        check(self.operator.items("/packages"), "the list of packages")

    def nothing_is_lost(self):
        keys = {device["key"] for device in self.operator.items("/devices")}
        for door, number in self.known:
            key = f"{number:032X}" if door == "oomi" else f"full{number}"
            check(key in keys, key, "was acknowledged and is not there")
        names = {product["name"] for product in self.operator.items("/products")}
        check(set(self.products) <= names, "products are lost", set(self.products) - names)
        for device in self.devices:
            device.settle(self.operator)

    def run(self):
        self.prepare()
        first = self.devices[0]
        first.step(self.client, self.rng)
        first.step(self.client, self.rng)  # it downloads now: a slice writes nothing
        self.token = first.token
        self.disk.fill(self.server)
        number = self.write_until_full()
        self.upload_is_refused()
        self.others_are_served()
        self.nothing_is_lost()
        print(f"  full after {number} rounds of writes")
        self.disk.empty(self.server)
        answers = self.writes(WRITES_MAX)
        check(answers == (None,) * 4, "with room again:", answers)
        put = otaru.put_blob(self.operator, "large.bin", otaru.firmware("large", 4 << 20))
        check(put["complete"], "an upload with room again:", put)
        self.nothing_is_lost()
        self.server.kill()
        self.server.start()
        self.operator = otaru.Client(self.server, self.server.admin_key())
        self.nothing_is_lost()
        rng = random.Random(4)
        self.client = otaru.Client(self.server)
        for device in self.devices:
            while not device.done():
                device.step(self.client, rng)
        self.nothing_is_lost()
        self.server.stop()


def main():
    test = FullDisk()
    try:
        test.run()
    except Failure as failure:
        print(f"FAILED: {failure}\n{test.server.log_tail()}")
        return 1
    finally:
        if test.server.process and test.server.alive():
            test.server.kill()
        test.disk.remove()
        shutil.rmtree(test.work, ignore_errors=True)
    print("a full disk is said, and survived")
    return 0


if __name__ == "__main__":
    sys.exit(main())
