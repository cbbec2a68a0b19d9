#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An upload that is cut half-way goes on where it stopped: after a kill, after Ctrl-C, after a lost
connection, and with a restart of the server in between. On a terminal it shows how far it is.

Between the command and the server stands a door that lets so many bytes through and then swallows
the rest: an upload stands still exactly where the test wants it to."""
import hashlib
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

OTARU = os.environ["OTARU_BIN"]
MIB = 1 << 20
SIZE = 200 * MIB


class Door:
    """Forwards connections to the server; after `limit` bytes it swallows, or cuts."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.target, self.limit, self.cut, self.passed = None, None, False, 0
        self.full = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def set(self, limit, cut=False):
        self.limit, self.cut, self.passed = limit, cut, 0
        self.full.clear()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.up, args=(client, server), daemon=True).start()
            threading.Thread(target=self.down, args=(client, server), daemon=True).start()

    def up(self, client, server):
        # A connection that lost bytes never delivers later ones: TCP has no gaps.
        swallowing = False
        try:
            while piece := client.recv(256 * 1024):
                if swallowing or (self.limit is not None and self.passed >= self.limit):
                    swallowing = True
                    self.full.set()
                    if self.cut:
                        self.limit = None
                        break
                    continue
                self.passed += len(piece)
                server.sendall(piece)
        except OSError:
            pass
        try:
            server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        # A reset, as a network that forgot the connection sends it.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    @staticmethod
    def down(client, server):
        try:
            while piece := server.recv(64 * 1024):
                client.sendall(piece)
        except OSError:
            pass


class World:
    def __init__(self, folder):
        self.folder, self.door, self.server = folder, Door(), None
        self.environment = dict(os.environ, HOME=str(folder), OTARU_SERVER=self.door.url)
        self.environment.pop("XDG_STATE_HOME", None)
        self.start()
        self.environment["OTARU_KEY"] = (folder / "key").read_text().strip()

    def start(self):
        ready = self.folder / "ready"
        log = open(self.folder / "log", "ab")
        self.server = subprocess.Popen(
            [OTARU, "serve", "--data", self.folder / "data", "--listen", "127.0.0.1:0",
             "--ready-file", ready, "--first-key-file", self.folder / "key"],
            stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert self.server.poll() is None and time.monotonic() < deadline, "no server"
            time.sleep(0.02)
        self.door.target = int(json.loads(ready.read_text())["listen"][0].rsplit(":", 1)[1])

    def stop(self):
        self.server.terminate()
        assert self.server.wait(60) == 0, "the server did not end well"

    def otaru(self, *words):
        done = subprocess.run([OTARU, *words, "--json"], env=self.environment, text=True,
                              capture_output=True)
        assert done.returncode == 0, f"otaru {words}: {done.stderr}"
        return json.loads(done.stdout)

    def begin(self, version, limit, cut=False):
        """Starts an upload; with a limit, waits until that much has gone through."""
        self.door.set(limit, cut)
        process = subprocess.Popen(
            [OTARU, "package", "add", self.folder / "big.bin", "--release", f"lamp@{version}",
             "--json"], env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if limit is not None and not cut:
            assert self.door.full.wait(120), "the upload never got that far"
        return process

    def offset(self):
        """How far the server says the only unfinished upload is."""
        noted = list((self.folder / ".local/state/otaru/uploads").iterdir())
        assert len(noted) == 1, noted
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.door.target}/api/v1/uploads/{noted[0].read_text().split()[0]}",
            headers={"Authorization": "Bearer " + self.environment["OTARU_KEY"]})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["offset"]


def finish(world, process, wanted):
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    package = json.loads(out)
    assert package["size_bytes"] == SIZE and package["sha256"] == wanted, package
    assert not list((world.folder / ".local/state/otaru/uploads").iterdir()), "note left behind"


def killed_and_restarted(world, wanted):
    process = world.begin("1.0", 60 * MIB)
    process.kill()
    process.wait()
    world.stop()
    world.start()
    there = world.offset()
    assert 0 < there <= 61 * MIB, there
    finish(world, world.begin("1.0", None), wanted)
    assert world.door.passed < SIZE - there + 4 * MIB, "it began again"


def interrupted(world, wanted):
    process = world.begin("1.1", 30 * MIB)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, (process.returncode, error)
    assert "goes on where it stopped" in error, error
    finish(world, world.begin("1.1", None), wanted)
    assert world.door.passed < SIZE, "it began again"


def cut_off(world, wanted):
    """A lost connection needs nobody: the command itself goes on."""
    finish(world, world.begin("1.2", 100 * MIB, cut=True), wanted)


def on_a_terminal(world):
    world.door.set(None)
    try:
        child, terminal = pty.fork()
    except OSError as error:  # a bare chroot has no /dev/pts
        print(f"SKIPPED LOUDLY: the progress bar, for want of a terminal: {error}", file=sys.stderr)
        return
    if child == 0:
        os.execve(OTARU, [OTARU, "package", "add", str(world.folder / "big.bin"), "--release",
                          "lamp@1.3"], world.environment)
    shown = b""
    try:
        while piece := os.read(terminal, 65536):
            shown += piece
    except OSError:
        pass  # how a terminal ends
    assert os.waitpid(child, 0)[1] == 0, shown
    lines = [line for line in shown.decode().split("\r") if "big.bin [" in line]
    assert len(lines) >= 2 and "100 %" in lines[-1] and "200.0 MiB" in lines[-1], shown[-500:]


def there_already(world, wanted):
    """What the server has need not be sent."""
    world.otaru("release", "add", "lamp", "1.4")
    world.door.set(None)
    finish(world, world.begin("1.4", None), wanted)
    assert world.door.passed < MIB, f"{world.door.passed} bytes were sent"


def gone_on_with(world, wanted):
    """Another folder of notes, as on another machine: the id is enough."""
    process = world.begin("1.5", 60 * MIB)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    words = json.loads(error)["detail"].split("otaru upload resume ")[1].split()
    for note in (world.folder / ".local/state/otaru/uploads").iterdir():
        note.unlink()
    world.door.set(None)
    upload = world.otaru("upload", "resume", *words)
    assert upload["complete"] and upload["sha256"] == wanted, upload
    assert world.door.passed < SIZE, "it began again"
    assert [row["id"] for row in [world.otaru("upload", "list")]] == [words[0]]
    world.otaru("upload", "remove", words[0])


def fresh(folder):
    """Another content: one that the server has would not be sent."""
    piece, hasher = os.urandom(MIB), hashlib.sha256()
    with open(folder / "big.bin", "wb") as out:
        for i in range(SIZE // MIB):
            out.write(i.to_bytes(8, "big") + piece[8:])
            hasher.update(i.to_bytes(8, "big") + piece[8:])
    return hasher.hexdigest()


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = World(folder)
        try:
            world.otaru("product", "add", "lamp")
            for version in ("1.0", "1.1", "1.2", "1.3", "1.5"):
                world.otaru("release", "add", "lamp", version)
            killed_and_restarted(world, fresh(folder))
            interrupted(world, fresh(folder))
            wanted = fresh(folder)
            cut_off(world, wanted)
            there_already(world, wanted)
            gone_on_with(world, fresh(folder))
            fresh(folder)
            on_a_terminal(world)
            world.stop()
        finally:
            world.server.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
