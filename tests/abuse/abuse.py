#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile requests to every device route of the real server.

Whatever comes: the server lives, answers nothing with 5xx, answers in the words of the dialect and
without a word about its inside; what it refuses changes nothing; and one request gets one answer,
so that a body never becomes the next request. Each request is followed by a probe on the same
connection that shows it. At the end floods, and how much memory they left behind.

    OTARU_BIN=build/dev/bin/otaru tests/abuse/abuse.py [--door TEXT]
"""
import argparse
import re
import shutil
import sys
import time

import doors
import wire
from cases import Maker
from doors import otaru
from floods import Floods
from otaru import Failure, check

INSIDE = re.compile(rb"/src/|\.cc\b|std::|exception|sqlite|select \w+ from|rapidjson|bad_alloc"
                    rb"|0x[0-9a-f]{6}|assertion|/blobs/|otaru\.db|incident", re.I)

SLOW_S = 20  # every case could be answered at once; the server gives up on bodies after 30 s


class Abuse:
    def __init__(self):
        self.work = otaru.new_work_folder("otaru-abuse-")
        self.server = otaru.Server(self.work)
        self.cases = self.refusals = self.number = 0
        self.faults = []

    def start(self):
        self.server.start()
        self.client = otaru.Client(self.server, self.server.admin_key())
        otaru.Catalogue(self.client)
        self.doors = doors.all_doors(self.server)

    def dump(self):
        """Everything an operator can see."""
        self.client.close()  # it opens itself again: a flood may have outlived its keep-alive
        out = {path: self.client.items("/" + path) for path in
               ("products", "releases", "packages", "kits", "deployments", "credentials", "tasks",
                "devices")}
        out["settings"] = self.client.api("GET", "/settings")["items"]
        for device in out["devices"]:
            device["last_seen_at"] = None
        return out

    def run_case(self, door, case):
        self.cases += 1
        started = time.monotonic()
        try:
            answers, ended = wire.exchange(self.server, case.request, case.head_only)
        except (wire.Torn, TimeoutError) as error:
            raise Failure(f"no whole answer: {error!r}")
        check(answers, "no answer at all")
        check(time.monotonic() - started < SLOW_S, "the answer came only after a timeout:", answers)
        first = answers[0]
        check(not first.is_probe(), "the request was swallowed: only the probe was answered")
        check(len(answers) == 1 or len(answers) == 2 and answers[1].is_probe(),
              "more than one answer:", answers)
        check(len(answers) == 2 or ended, "the probe was not answered, and nothing ended")
        # 501 is what RFC 9112 6.1 wants for a transfer coding that nobody knows.
        unknown_coding = first.status == 501 and case.what.startswith("framing: ")
        check(first.status < 500 or unknown_coding, "answered", first)
        file = "etag" in first.headers or \
            first.headers.get("content-type", "").startswith("application/octet-stream")
        check(file or not INSIDE.search(first.body), "speaks of its inside:", first)
        if not case.head_only and not case.any_form and not file:
            check(doors.own_form(door.dialect, first.body), "not the dialect's words:", first)
        return first

    def run_door(self, door):
        before = self.dump()
        maker = Maker(door, self.number)
        refused_keys, accepted = set(), 0
        for case in maker.all():
            try:
                answer = self.run_case(door, case)
            except Failure as failure:
                self.faults.append(f"{door.name()}, {case.what}: {failure}"[:600])
                print("FAILED", self.faults[-1], flush=True)
                continue
            if doors.refused(door.dialect, answer.status, answer.body):
                self.refusals += 1
                refused_keys.add(case.key)
            else:
                accepted += 1
        self.number = maker.number
        check(self.server.alive(), door.name(), "ended the server")
        self.compare(door, before, self.dump(), refused_keys, accepted)

    def compare(self, door, before, after, refused_keys, accepted):
        """What was refused has changed nothing."""
        for part in before:
            if part not in ("devices", "tasks"):
                check(before[part] == after[part], door.name(), "changed", part)
        was = {device["key"]: device for device in before["devices"]}
        changed = {device["key"] for device in after["devices"]
                   if was.get(device["key"]) != device}
        check(not changed & refused_keys, door.name(), "was refused but changed",
              sorted(changed & refused_keys)[:5])
        check(len(changed) <= accepted, door.name(), "changed", len(changed), "devices with",
              accepted, "requests that were taken")

    def run(self, only):
        self.start()
        for door in self.doors:
            if only not in door.name():
                continue
            try:
                self.run_door(door)
            except Failure as failure:
                self.faults.append(str(failure)[:600])
                print("FAILED", self.faults[-1], flush=True)
            check(self.server.alive(), door.name(), "ended the server\n" + self.server.log_tail())
        for said in Floods(self.server, self.dump).run():
            print("  " + said, flush=True)
        self.server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--door", default="", help="only routes whose name contains this")
    abuse = Abuse()
    start = time.monotonic()
    try:
        abuse.run(parser.parse_args().door)
    except Failure as failure:
        abuse.faults.append(str(failure)[:6000])
        print("FAILED", abuse.faults[-1])
    finally:
        if abuse.server.process and abuse.server.alive():
            abuse.server.kill()
    shutil.rmtree(abuse.work)
    print(f"{abuse.cases} hostile requests, {abuse.refusals} refused, {len(abuse.faults)} faults, "
          f"{time.monotonic() - start:.0f} s")
    return 1 if abuse.faults else 0


if __name__ == "__main__":
    sys.exit(main())
