#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The journal of changes by the real binary: who did what is listed, the export verifies offline,
and whatever is done to it is found. Hashes are computed here once more, by their description."""
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

OTARU = os.environ["OTARU_BIN"]
SEED = 20260501


def fail(*words):
    print("FAILED:", *words, file=sys.stderr)
    sys.exit(1)


class Server:
    def __init__(self, work):
        self.ready, self.key_file = os.path.join(work, "ready"), os.path.join(work, "key")
        self.process = subprocess.Popen(
            [OTARU, "serve", "--data", os.path.join(work, "data"), "--listen", "127.0.0.1:0",
             "--ready-file", self.ready, "--first-key-file", self.key_file],
            stderr=subprocess.DEVNULL)
        for _ in range(600):
            if os.path.exists(self.ready) and os.path.getsize(self.ready):
                break
            time.sleep(0.05)
        else:
            fail("the server did not start")
        with open(self.ready) as file:
            self.url = "http://" + re.search(r"127\.0\.0\.1:\d+", file.read()).group()
        with open(self.key_file) as file:
            self.key = file.read().strip()

    def cli(self, *words, status=0):
        done = subprocess.run([OTARU, *words], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "OTARU_SERVER": self.url, "OTARU_KEY": self.key})
        if done.returncode != status:
            fail(words, "ended with", done.returncode, done.stdout, done.stderr)
        return done.stdout


def verify(path, *flags):
    """Offline: no server, no key. (exit code, text)"""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("OTARU_") or name == "OTARU_BIN"}
    done = subprocess.run([OTARU, "audit", "verify", path, *flags], capture_output=True,
                          text=True, timeout=60, env=environment)
    return done.returncode, done.stdout + done.stderr


def check_by_description(lines):
    previous = "0" * 64
    for number, line in enumerate(lines, 1):
        entry = json.loads(line)
        text = line.rsplit(b',"hash":"', 1)[0] + b"}"
        if entry["sequence"] != number or entry["previous"] != previous:
            fail("entry", number, "is not chained")
        if hashlib.sha256(text).hexdigest() != entry["hash"]:
            fail("entry", number, "has another hash")
        previous = entry["hash"]


def tampered(lines, rng):
    """One thing that somebody might do to an export; nothing when it would change nothing."""
    lines = list(lines)
    which = rng.randrange(4)
    at = rng.randrange(len(lines))
    if which == 0:
        data = bytearray(b"".join(line + b"\n" for line in lines))
        data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
        return bytes(data)
    if which == 1:
        del lines[at]
    elif which == 2:
        other = rng.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines.insert(rng.randrange(len(lines)), lines[at])
    return b"".join(line + b"\n" for line in lines)


def changes(server):
    server.cli("product", "add", "lamp")
    server.cli("product", "update", "lamp", "--model", "M1")
    server.cli("release", "add", "lamp", "1.0.0")
    server.cli("setting", "put", "site.name", "Harbour")
    server.cli("client", "add", "oauth_client", "robots", "--secret", "A-Known-Secret-Text-1")
    made = json.loads(server.cli("key", "add", "ci", "--role", "publisher", "--json"))
    return [server.key, "A-Known-Secret-Text-1", made["secret"]]


def main(work):
    server = Server(work)
    secrets = changes(server)
    listed = server.cli("audit", "list")
    for word in ("product.create", "product.update", "setting.put", "credential.create", "admin",
                 "server.first_start", "journal.begin", "lamp"):
        if word not in listed:
            fail(word, "is not listed:", listed)
    only = [json.loads(line) for line in
            server.cli("audit", "list", "--action", "product.", "--json").splitlines()]
    if [entry["action"] for entry in only] != ["product.update", "product.create"]:
        fail("filter:", only)
    if only[0]["changes"][0]["members"]["model"] != {"before": "", "after": "M1"}:
        fail("changes:", only[0])
    if "product.update" not in server.cli("audit", "show", str(only[0]["sequence"])):
        fail("show")
    export = os.path.join(work, "journal.ndjson")
    server.cli("audit", "export", export)
    head = json.loads(server.cli("audit", "head", "--json"))["head"]
    with open(export, "rb") as file:
        data = file.read()
    if server.cli("audit", "export").encode() != data:
        fail("standard output is another export than the file")
    server.cli("audit", "show", "999", status=1)
    server.process.terminate()
    if server.process.wait(30) != 0:
        fail("the server ended badly")

    for secret in secrets:
        if secret.encode() in data:
            fail("a secret is in the journal")
    lines = data.splitlines()
    check_by_description(lines)
    status, text = verify(export, "--head", head)
    if status != 0 or "whole" not in text or head not in text:
        fail("the export does not verify:", text)
    if verify(export, "--head", "1:" + "f" * 64)[0] != 1:
        fail("another head is not noticed")
    if verify(os.path.join(work, "nothing"))[0] != 1 or verify(export, "--head", "x")[0] != 2:
        fail("a wrong command line")

    rng = random.Random(SEED)
    broken = os.path.join(work, "broken.ndjson")
    for number in range(150):
        other = tampered(lines, rng)
        with open(broken, "wb") as file:
            file.write(other)
        status, text = verify(broken, "--head", head)
        if (status == 0) != (other == data):
            fail("round", number, "of seed", SEED, "was answered", status, text)
    with open(broken, "wb") as file:
        file.write(b"".join(line + b"\n" for line in lines[:3] + lines[4:]))
    status, text = verify(broken, "--json")
    if status != 1 or json.loads(text)["sequence"] != 4:
        fail("the missing entry is not named:", text)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(folder)
