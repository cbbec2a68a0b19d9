#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Five of Debian's swupdate at once, and twenty simulated devices of the same protocol beside
them, in one deployment: the second wave begins when the whole first one runs the release."""
import concurrent.futures
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from hawkbit_world import eventually, main, need  # noqa: E402

REAL = [f"real{n}" for n in range(5)]
# Simulated: a prefix, and how many.
FIRST, LATER = ("firstsim", 5), ("latersim", 15)
TOKEN = "cafe{key}"  # of simulated devices


def keys(fleet):
    return [f"{fleet[0]}{1000 + n}" for n in range(fleet[1])]


PILOTS = REAL[:2] + keys(FIRST)


def simulate(w, fleet):
    """Each asks until it is told to wait. What they did, in one line."""
    return w.cli("device", "simulate", "--dialect", "hawkbit", "--prefix", fleet[0], "--count",
                 fleet[1], "--polls", 100, "--quiet", "--word", "token=" + TOKEN, "--word",
                 "product=fleet", "--word", "version=1.0", "--word", "tenant=default")


def a_fleet_in_waves(w):
    data = random.Random("fleet").randbytes(300_000)
    release = w.release(w.product("fleet"), "2.0", "fleet.swu", w.shop.image("2.0", data))
    w.api("POST", "/groups", {"name": "pilots"})
    for key in keys(FIRST) + keys(LATER):
        w.api("POST", "/devices", {"key": key, "attributes": {"product": "fleet"},
                                   "secret": TOKEN.replace("{key}", key)})
    real = [w.instance(key, ("-k", w.device(key, product="fleet"))) for key in REAL]
    for key in PILOTS:
        w.api("PATCH", f"/devices/{key}", {"groups": ["pilots"]})
    deployment = w.deployment("fleet", release, waves=[
        {"name": "pilots", "groups": ["pilots"],
         "gate": {"sample_min": len(PILOTS), "success_percent": 100, "soak_s": 1}},
        {"name": "everyone", "share_percent": 100}])

    def row():
        return w.api("GET", f"/deployments/{deployment}")
    for device in real:
        device.start()
    with concurrent.futures.ThreadPoolExecutor(len(real)) as pool:
        updates = [pool.submit(w.wait_updated, device, data) for device in real]
        told = simulate(w, LATER)
        need("15 devices: 0 updated, 0 errors" in told, told)
        told = simulate(w, FIRST)
        need("5 devices: 5 updated, 0 errors" in told, told)
        eventually("the second wave opens", lambda: row()["rollout"]["open_waves"] == 2)
        told = simulate(w, LATER)
        need("15 devices: 15 updated, 0 errors" in told, told)
        for update in updates:
            update.result()
    fleet = len(REAL) + FIRST[1] + LATER[1]
    counts = {state: n for state, n in row()["counts"].items() if n}
    need(counts == {"succeeded": fleet}, counts)
    tasks = w.client().items(f"/tasks?deployment={deployment}")
    need(len(tasks) == fleet, "one task each:", len(tasks))
    ends = [task["updated_at"] for task in tasks if task["device"] in PILOTS]
    begins = [task["created_at"] for task in tasks if task["device"] not in PILOTS]
    need(max(ends) < min(begins), "the second wave waits for the first:", max(ends), min(begins))
    need("Runs 2.0" in w.cli("explain", REAL[4]), w.cli("explain", REAL[4]))


if __name__ == "__main__":
    sys.exit(main(a_fleet_in_waves))
