# SPDX-License-Identifier: Apache-2.0
"""The real server with its hawkBit door, and what an operator does there for tests with Debian's
swupdate: products, releases with signed .swu files, devices with tokens, deployments. Scenarios
run beside each other, each with a product and devices of its own."""
import concurrent.futures
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "crash"))
import otaru  # noqa: E402
import swupdate  # noqa: E402
from cutting_proxy import CuttingProxy  # noqa: E402

WAIT_S = 90
AT_ONCE = 4
SKIPPED = 77


def need(condition, *what):
    if not condition:
        raise otaru.Failure("FAILED: " + " ".join(str(word) for word in what))


def eventually(what, condition, seconds=WAIT_S):
    until = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        need(time.monotonic() < until, "waited in vain for:", what)
        time.sleep(0.1)


class World:
    def __init__(self, folder, *flags):
        self.folder = folder
        self.server = otaru.Server(folder, flags=["--hawkbit-polling", "00:00:01", *flags])
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.key = self.server.admin_key()
        self.local = threading.local()
        self.shop = swupdate.Workshop(folder)
        self.instances = []

    def crash(self, *proxies):
        """The server dies, and is there again behind these."""
        self.server.kill()
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.local = threading.local()
        for proxy in proxies:
            proxy.port_behind = self.server.port

    def client(self):
        """A connection for each thread."""
        if not hasattr(self.local, "client"):
            self.local.client = otaru.Client(self.server, self.key)
        return self.local.client

    def api(self, method, path, body=None):
        return self.client().api(method, path, body)

    def cli(self, *words):
        """What `otaru WORDS` prints."""
        done = subprocess.run(
            [otaru.binary(), *map(str, words)], capture_output=True, text=True,
            env={**os.environ, "OTARU_KEY": self.key, "OTARU_SERVER": self.url,
                 "HOME": self.folder})
        need(done.returncode == 0, "otaru", *words, done.stdout, done.stderr)
        return done.stdout

    def product(self, name, **more):
        return self.api("POST", "/products", {"name": name, **more})["id"]

    def release(self, product, version, file_name, content):
        release = self.api("POST", "/releases", {"product": product, "version": version})["id"]
        upload = otaru.put_blob(self.client(), file_name, content)
        self.api("POST", "/packages", {"release": release, "upload": upload["id"]})
        self.api("POST", f"/releases/{release}/publish")
        return release

    def deployment(self, name, release, **more):
        row = self.api("POST", "/deployments", {"name": name, "target": {"release": release},
                                                **more})
        self.api("POST", f"/deployments/{row['id']}/start")
        return row["id"]

    def device(self, key, **attributes):
        """Registers it; its token."""
        token = secrets.token_hex(16)
        self.api("POST", "/devices", {"key": key, "attributes": attributes, "secret": token})
        return token

    def instance(self, key, token=None, proxy=None, **more):
        """A swupdate that is not started yet. Where `token` is None, the device is registered with
        one."""
        folder = tempfile.mkdtemp(prefix="d", dir=self.folder)  # short: sockets are in it
        token = ("-k", self.device(key)) if token is None else token
        one = swupdate.Instance(folder, self.shop.path("trusted.crt"),
                                proxy or CuttingProxy(self.server.port), key, token, **more)
        self.instances.append(one)
        return one

    def ask(self, device, method="GET", below="", body=None):
        """What another DDI client with the token of `device` is answered: status and JSON."""
        kind, token = device.words[6:8]
        kind = {"-k": "TargetToken", "-g": "GatewayToken"}[kind]
        status, text, _ = self.client().ask(
            method, f"/default/controller/v1/{device.key}{below}", body,
            {"Authorization": f"{kind} {token}"})
        return status, json.loads(text) if text else None

    def links(self, device):
        status, said = self.ask(device)
        need(status == 200, "a poll of", device.key, "was answered", status, said)
        return said.get("_links", {})

    def task(self, device):
        items = self.api("GET", f"/devices/{device.key}/tasks")["items"]
        return items[0] if items else None

    def history(self, device):
        task = self.task(device)
        return self.api("GET", f"/tasks/{task['id']}/history")["items"] if task else []

    def said(self, device):
        """Everything its newest task's history tells, as one text."""
        return "\n".join(f"{e['event']} {e['from']}>{e['to']} {e['detail']}"
                         for e in self.history(device))

    def wait_state(self, device, state):
        def there():
            task = self.task(device)
            return task and task["state"] == state and task
        return eventually(f"the task of {device.key} is {state}", there)

    def wait_said(self, device, words):
        eventually(f"{device.key} says '{words}'", lambda: words in self.said(device))

    def wait_installed(self, device, content):
        """It says so, and it is so; that it also runs is said after its reboot."""
        self.wait_said(device, "All Chunks Installed.")
        need(device.installed() == content, device.key, "does not hold what was sent")
        state = self.task(device)["state"]
        need(state in ("downloading", "upgrading"), device.key, "is", state, "before its reboot")

    def wait_updated(self, device, content):
        self.wait_installed(device, content)
        device.reboot(2)
        self.wait_state(device, "succeeded")

    def tell(self, instance):
        """For a failure: all that is known of it."""
        try:
            heard = self.said(instance)
        except Exception as error:
            heard = repr(error)
        return f"--- history of {instance.key}:\n{heard[-6000:]}\n--- log of {instance.key}:\n" \
               f"{instance.log_tail()}"

    def close(self):
        for one in self.instances:
            one.stop()


def scenario(world, play):
    """Runs one; the text of its failure, or nothing."""
    begin, mine = time.monotonic(), []

    class Own:
        """The world, with a list of the instances of this scenario."""

        def __getattr__(self, name):
            return getattr(world, name)

        def instance(self, *args, **more):
            mine.append(world.instance(*args, **more))
            return mine[-1]

    try:
        play(Own())
        print(f"{play.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
        return ""
    except Exception:
        return f"{play.__name__}: {traceback.format_exc()}" + "".join(map(world.tell, mine))
    finally:
        for one in mine:
            one.stop()


def main(*plays, flags=()):
    """Plays the scenarios (those named as arguments, else all), some at once."""
    absent = swupdate.missing()
    if absent:
        print(f"{', '.join(absent)} not installed, nothing was tested: script/bootstrap test")
        return 1 if os.environ.get("CI") else SKIPPED
    if swupdate.own_network() is None:
        print("SKIPPED, nothing was tested with swupdate: this machine permits no network of its "
              "own (unshare -rn, unshare -n)")
        return SKIPPED
    chosen = [play for play in plays if not sys.argv[1:] or play.__name__ in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="swu") as folder:
        world = World(folder, *flags)
        try:
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                failed = [f for f in pool.map(lambda play: scenario(world, play), chosen) if f]
            for text in failed:
                print(text)
            if failed:
                print("--- the server's log:\n" + world.server.log_tail())
        finally:
            world.close()
        world.server.stop()
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0
