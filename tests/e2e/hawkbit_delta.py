#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Updates that fetch only what a device has not got, by ranges of a published file: Debian's
swupdate with its delta handler (several ranges in one request), zckdl and zsync. The file is known
by its hash, and asked for without credentials."""
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from cutting_proxy import CuttingProxy  # noqa: E402
from hawkbit_world import main, need  # noqa: E402
from swupdate import URL, run, sha256  # noqa: E402

SIZE = 4_000_000
FILES = r"^/default/artifacts/"


def old_and_new():
    """Eight changes far from each other, and something put between: several ranges are missing."""
    chance = random.Random("delta")
    old = chance.randbytes(SIZE)
    new = bytearray(old)
    for n in range(8):
        at = SIZE // 8 * n + 1000
        new[at:at + 500] = chance.randbytes(500)
    new[SIZE // 3:SIZE // 3] = chance.randbytes(3_333)
    return old, bytes(new)


class Published:
    """A file that a release holds, behind a proxy that counts."""

    def __init__(self, w, name, content):
        w.release(w.product(name + " files"), "2.0", name, content)
        self.proxy = CuttingProxy(w.server.port, file=FILES)
        self.path = f"/default/artifacts/{sha256(content)}/{name}"
        self.url, self.size = self.proxy.listen() + self.path, len(content)

    def ranges(self):
        return [request.headers["range"] for request in self.proxy.downloads()
                if "range" in request.headers]

    def need_little(self):
        asked = self.ranges()
        need(asked, "it asked for ranges:", self.proxy.requests)
        need(self.proxy.file_bytes < self.size / 2, "it fetched", self.proxy.file_bytes, "of",
             self.size, asked)
        need(all("authorization" not in request.headers for request in self.proxy.downloads()),
             "the file is for everybody who knows its hash")


def scratch(w, name, **files):
    """A folder with these files."""
    folder = os.path.join(w.folder, name)
    os.makedirs(folder)
    for file, content in files.items():
        with open(os.path.join(folder, file), "wb") as out:
            out.write(content)
    return folder


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def swupdate_delta_handler(w):
    old, new = old_and_new()
    folder = scratch(w, "handler", old=old, new=new)
    run("zck", "-u", "-h", "sha256", "-o", "new.zck", "new", cwd=folder)
    files = Published(w, "new.zck", read(folder, "new.zck"))
    device = w.instance("handler", proxy=files.proxy)
    swu = w.shop.delta("2.0", os.path.join(folder, "new.zck"), URL + files.path,
                       os.path.join(folder, "old"))
    need(len(swu) < len(new) / 20, "the .swu holds the header only")
    release = w.release(w.product("handler"), "2.0", "handler.swu", swu)
    w.deployment("handler", release, devices=["handler"])
    device.start()
    w.wait_updated(device, new)
    need(any("," in text for text in files.ranges()), "several ranges at once:", files.ranges())
    files.need_little()


def zckdl(w):
    old, new = old_and_new()
    folder = scratch(w, "zckdl", old=old, new=new)
    for name in ("old", "new"):
        run("zck", "-o", name + ".zck", name, cwd=folder)
    files = Published(w, "image.zck", read(folder, "new.zck"))
    run("zckdl", "--fail-no-ranges", "-s", "old.zck", files.url, cwd=folder)
    need(read(folder, "image.zck") == read(folder, "new.zck"), "it is what was published")
    files.need_little()


def zsync(w):
    old, new = old_and_new()
    folder = scratch(w, "zsync", old=old, new=new)
    files = Published(w, "image.bin", new)
    run("zsyncmake", "-o", "image.zsync", "-u", files.url, "-f", "image.bin", "new", cwd=folder)
    # Its own environment: a proxy of the machine is none of ours.
    done = subprocess.run(["zsync", "-i", "old", "image.zsync"], cwd=folder, capture_output=True,
                          env={"PATH": os.environ["PATH"]})
    need(done.returncode == 0, done.stdout, done.stderr)
    need(read(folder, "image.bin") == new, "it is what was published")
    files.need_little()


if __name__ == "__main__":
    sys.exit(main(swupdate_delta_handler, zckdl, zsync))
