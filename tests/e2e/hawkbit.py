#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's swupdate, unmodified, against the hawkBit door of the real server: updates that go well,
that fail, that are cut off, cancelled, and that somebody has to confirm first."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from cutting_proxy import CuttingProxy  # noqa: E402
from hawkbit_world import eventually, main, need  # noqa: E402

SIZE = 300_000
NOBODY_AGAIN = {"attempts_max": 1, "retry_interval_s": 3600}


def content(seed, size=SIZE):
    return random.Random(seed).randbytes(size)


def begin(w, name, swu=None, proxy=None, deploy=None, **image):
    """One device, and a release with a .swu for it that is deployed. Its device, its content."""
    data = content(name)
    device = w.instance(name, proxy=proxy, identify=[("mac", name), ("site", "dock")])
    swu = swu or w.shop.image("2.0", data, **image)
    release = w.release(w.product(name), "2.0", name + ".swu", swu)
    w.deployment(name, release, devices=[name], **(deploy or {}))
    return device, data


def success(w):
    device, data = begin(w, "success")
    device.start()
    w.wait_updated(device, data)
    for words in ("Installing Update Chunk Artifacts.", "Installed Chunk.", "Update Installed."):
        need(words in w.said(device), "the history has", words)
    row = w.api("GET", "/devices/success")
    runs = {component["slot"]: component["version"] for component in row["components"]}
    need(runs == {"success": "2.0"}, "what it runs is known:", runs)
    need(row["reported"].get("site") == "dock", "configData is kept:", row["reported"])
    need("Runs 2.0" in w.cli("explain", "success"), w.cli("explain", "success"))
    shown = w.cli("task", "show", w.task(device)["id"])
    need("succeeded" in shown, shown)
    told = w.cli("task", "history", w.task(device)["id"])
    need("Update Installed." in told, told)
    eventually("the last action is known", lambda: "installedBase" in w.links(device))
    need("deploymentBase" not in w.links(device), "nothing is left to do")


def what_the_device_says_after_its_reboot_counts(w):
    device, data = begin(w, "reboot", deploy=NOBODY_AGAIN)
    device.start()
    w.wait_installed(device, data)
    device.reboot(3)
    w.wait_state(device, "failed")
    need("Update Failed." in w.said(device), "the device's words are kept")


def fails(w, name, failure, words, **image):
    device, data = begin(w, name, deploy=NOBODY_AGAIN, **image)
    device.start()
    task = w.wait_state(device, "failed")
    need(task["failure"] == failure, name, "failed as", task["failure"], "and not", failure)
    need(words in w.said(device), "the history has the device's words:", words)
    told = w.cli("task", "history", task["id"])
    need(words in told, told)
    need("deploymentBase" not in w.links(device), "it is not offered again at once")
    return device.installed() == data


def a_script_fails(w):
    script = '#!/bin/sh\n[ "$1" = postinst ] || exit 0\necho "the disk is tired"; exit 7\n'
    fails(w, "script", "unknown", "execute postinstall scripts failed",
          scripts=[("after.sh", script)])


def gives_up_after_its_attempts(w):
    device, _ = begin(w, "attempts", deploy={"attempts_max": 2},
                      scripts=[("after.sh", "#!/bin/sh\nexit 1\n")])
    device.start()

    def failures():
        tasks = w.api("GET", "/devices/attempts/tasks")["items"]
        return [task["state"] for task in tasks] == ["failed", "failed"]
    eventually("it was tried twice", failures)
    need("deploymentBase" not in w.links(device), "it is not offered again")
    told = w.cli("explain", "attempts")
    need("2" in told and "attempt" in told, told)


def the_hash_is_wrong(w):
    need(not fails(w, "hash", "verification", "HASH mismatch", digest="ab" * 32), "not installed")


def the_signature_is_a_strangers(w):
    need(not fails(w, "signature", "verification", "Authentication of all signatures failed",
                   key="stranger"), "not installed")


def the_hardware_is_wrong(w):
    need(not fails(w, "hardware", "hardware", "SW not compatible with hardware",
                   hardware="9.9"), "not installed")


def resumes_after_two_cuts(w):
    proxy = CuttingProxy(w.server.port, cuts=[100_000, 70_000])
    device, data = begin(w, "resumes", proxy=proxy)
    device.start()
    w.wait_updated(device, data)
    ranges = [request.headers.get("range") for request in proxy.downloads()]
    need(len(ranges) == 3 and ranges[0] is None, "two of three are resumed:", ranges)
    first, second = (int(text.removeprefix("bytes=").removesuffix("-")) for text in ranges[1:])
    need(0 < first < second < len(data), "each goes on where it was cut:", ranges)


def cancelled_while_idle(w):
    device, _ = begin(w, "idle")
    need("deploymentBase" in w.links(device), "there is something to cancel")
    w.api("POST", f"/deployments/{w.task(device)['deployment']}/cancel", {"reason": "a mistake"})
    w.wait_state(device, "cancelled")
    device.start()
    w.wait_said(device, "cancellation acknowledged.")
    need(w.task(device)["state"] == "cancelled", w.task(device))
    eventually("nothing is left to cancel", lambda: "cancelAction" not in w.links(device))
    need("deploymentBase" not in w.links(device), "it is not offered again")
    need(device.installed() is None, "nothing was installed")


def cancelled_while_downloading(w):
    proxy = CuttingProxy(w.server.port)
    proxy.trickle = 60_000
    device, data = begin(w, "busy", proxy=proxy)
    device.start()
    eventually("the download is under way", lambda: proxy.file_bytes > 50_000)
    w.wait_state(device, "downloading")
    w.cli("task", "cancel", w.task(device)["id"])
    w.wait_said(device, "cancellation acknowledged.")
    need(proxy.file_bytes < len(data), "it did not fetch the rest:", proxy.file_bytes)
    need(device.installed() != data, "it was not installed")
    seen = len(proxy.seen("GET", "/busy$"))
    eventually("it polls on", lambda: len(proxy.seen("GET", "/busy$")) >= seen + 2)
    need(w.task(device)["state"] == "cancelled", "an operator's cancel sticks:", w.task(device))


def a_kit_is_one_action(w):
    """Two modules, two files: one action, in which both are installed before the reboot."""
    device = w.instance("kit")
    parts = {"system": content("system"), "app": content("app")}
    releases = [w.release(w.product(name, feature=kind), "2.0", name + ".swu",
                          w.shop.image("2.0", parts[name], onto=name))
                for name, kind in (("system", "os"), ("app", "application"))]
    kit = w.api("POST", "/kits", {"version": "2.0.0.1", "releases": releases})["id"]
    w.api("POST", f"/kits/{kit}/publish")
    deployment = w.api("POST", "/deployments", {"name": "kit", "target": {"kit": kit},
                                                "devices": ["kit"]})["id"]
    w.api("POST", f"/deployments/{deployment}/start")
    device.start()
    w.wait_said(device, "All Chunks Installed.")
    for name, data in parts.items():
        need(device.installed(name) == data, name, "is not what was sent")
    device.reboot(2)

    def states():
        return sorted(task["state"] for task in w.api("GET", "/devices/kit/tasks")["items"])
    eventually("both tasks succeed", lambda: states() == ["succeeded", "succeeded"])
    components = w.api("GET", "/devices/kit")["components"]
    runs = {component["slot"]: component["version"] for component in components}
    need(runs == {"system/os": "2.0", "app/application": "2.0"}, runs)


def told_not_to_install_yet(w):
    """SWUpdate that is told so says that it skipped the update, as a success: it is none."""
    device, data = begin(w, "later", deploy={"urgency": "download_only"})
    device.start()
    w.wait_said(device, "Skipped Update.")
    need(w.task(device)["state"] not in ("succeeded", "failed"), w.task(device))
    need(device.installed() is None, "nothing was installed")
    w.api("PATCH", f"/deployments/{w.task(device)['deployment']}", {"urgency": "forced"})
    w.wait_updated(device, data)


def waits(w, name):
    """A device that has to be confirmed first: it polls, and gets nothing."""
    proxy = CuttingProxy(w.server.port)
    device, data = begin(w, name, proxy=proxy, deploy={"consent": "ask"})
    device.start()
    w.wait_state(device, "awaiting_consent")
    polls = rf"/controller/v1/{name}$"
    seen = len(proxy.seen("GET", polls))
    eventually("it polls on", lambda: len(proxy.seen("GET", polls)) >= seen + 3)
    links = w.links(device)
    need("confirmationBase" in links and "deploymentBase" not in links, links)
    need(not proxy.seen("GET", "deploymentBase") and not proxy.downloads(), proxy.requests)
    return device, data


def confirmed_by_an_operator(w):
    device, data = waits(w, "operator")
    w.api("POST", f"/tasks/{w.task(device)['id']}/consent", {"action": "grant"})
    w.wait_updated(device, data)


def confirmed_through_the_door(w):
    device, data = waits(w, "owner")
    action = w.links(device)["confirmationBase"]["href"].split("?")[0].rsplit("/", 1)[1]
    status, said = w.ask(device, "GET", f"/confirmationBase/{action}")
    need(status == 200 and said["confirmation"]["chunks"], status, said)
    status, said = w.ask(device, "POST", f"/confirmationBase/{action}/feedback",
                         {"confirmation": "confirmed", "details": ["the owner agrees"]})
    need(status == 200, "the confirmation was answered", status, said)
    w.wait_updated(device, data)
    need("the owner agrees" in w.said(device), "who agreed is in the history")


def with_the_gateways_token(w):
    token = w.api("POST", "/credentials", {"kind": "hawkbit_gateway", "name": "dock"})["secret"]
    w.api("POST", "/devices", {"key": "gateway", "attributes": {"product": "gateway"}})
    device = w.instance("gateway", ("-g", token))
    data = content("gateway")
    release = w.release(w.product("gateway"), "2.0", "gateway.swu",
                        w.shop.image("2.0", data))
    w.deployment("gateway", release)
    device.start()
    w.wait_updated(device, data)


def gives_up_a_download_that_breaks_each_time(w):
    """What is left of the file has a wrong hash then, but that is not why it failed."""
    proxy = CuttingProxy(w.server.port, cuts=[20_000] * 9)
    device, _ = begin(w, "gives-up", proxy=proxy, deploy=NOBODY_AGAIN)
    device.start()
    task = w.wait_state(device, "failed")
    need(task["failure"] == "download", task, w.said(device))
    need(len(proxy.downloads()) == 6, "it tried, and tried again five times:", proxy.downloads())


def a_newcomer_waits_for_approval(w):
    """A device that nobody registered: it is kept with the token it shows, and gets nothing."""
    proxy = CuttingProxy(w.server.port)
    device = w.instance("newcomer", ("-k", "5ca1ab1e" * 4), proxy=proxy)
    data = content("newcomer")
    release = w.release(w.product("newcomer"), "2.0", "newcomer.swu", w.shop.image("2.0", data))
    device.start()
    eventually("it is known, and waits", lambda: [
        row for row in w.client().items("/devices?pending=true") if row["key"] == "newcomer"])
    w.deployment("newcomer", release, devices=["newcomer"])
    seen = len(proxy.seen("GET", "/newcomer$"))
    eventually("it polls on", lambda: len(proxy.seen("GET", "/newcomer$")) >= seen + 2)
    need(w.task(device) is None and not proxy.downloads(), proxy.requests)
    w.cli("device", "approve", "newcomer")
    w.wait_updated(device, data)


def the_plain_server(w):
    """The "general purpose HTTP server" of SWUpdate: Debian's is built without it, but its
    downloader (-d) goes where the door leads."""
    device = w.instance("plain")
    token = device.words[7]
    target = f"/default/general?id=plain&token={token}&version=1.0"
    status, _, _ = w.client().ask("GET", target)
    need(status == 404, "there is nothing for it yet:", status)
    data = content("plain")
    release = w.release(w.product("plain"), "2.0", "plain.swu", w.shop.image("2.0", data))
    w.deployment("plain", release, devices=["plain"])
    status, _, head = w.client().ask("GET", target)
    need(status == 302 and head["Location"], status, head)
    need(device.fetch(target), "it is fetched and installed", device.log_tail())
    need(device.installed() == data, "the device holds what was sent")
    status, text, _ = w.client().ask("PUT", "/default/general/log", f"success,plain,{token},2.0",
                                     {"Content-Type": "application/text"})
    need(status == 200, "the log was answered", status, text)
    w.wait_state(device, "succeeded")
    status, _, _ = w.client().ask("GET", target.replace("version=1.0", "version=2.0"))
    need(status == 404, "nothing is left to do:", status)


if __name__ == "__main__":
    # The long ones first.
    sys.exit(main(
        gives_up_a_download_that_breaks_each_time, cancelled_while_downloading,
        resumes_after_two_cuts, confirmed_by_an_operator, confirmed_through_the_door, success,
        what_the_device_says_after_its_reboot_counts, a_script_fails, the_hash_is_wrong,
        the_signature_is_a_strangers, the_hardware_is_wrong, cancelled_while_idle,
        gives_up_after_its_attempts, with_the_gateways_token, the_plain_server,
        a_newcomer_waits_for_approval, a_kit_is_one_action, told_not_to_install_yet))
