#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server is killed while Debian's swupdate downloads, and again when it has installed: the
download goes on where it was, and the report after the reboot ends the same task."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from cutting_proxy import CuttingProxy  # noqa: E402
from hawkbit_world import eventually, main, need  # noqa: E402


def the_server_dies_twice(w):
    data = random.Random("crash").randbytes(12_000_000)
    proxy = CuttingProxy(w.server.port)
    proxy.trickle = 60_000
    device = w.instance("crash", proxy=proxy)
    release = w.release(w.product("crash"), "2.0", "crash.swu", w.shop.image("2.0", data))
    w.deployment("crash", release, devices=["crash"])
    device.start()
    eventually("the download is under way", lambda: proxy.file_bytes > 50_000)
    task = w.wait_state(device, "downloading")
    w.crash(proxy)
    proxy.trickle = None
    w.wait_installed(device, data)
    need(any("range" in request.headers for request in proxy.downloads()), proxy.downloads())
    w.crash(proxy)
    device.reboot(2)
    ended = w.wait_state(device, "succeeded")
    need(ended["id"] == task["id"], "one task from end to end:", task, ended)


if __name__ == "__main__":
    sys.exit(main(the_server_dies_twice))
