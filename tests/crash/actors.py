# SPDX-License-Identifier: Apache-2.0
"""Devices of the four protocols for the crash test. Each does one request after the other and
remembers what was acknowledged: `model` is what the server has promised, `maybe` what it may have
done when the connection died in the middle of a request."""
import hashlib
import json
import time

import otaru
from otaru import Failure, check, quoted

ONENET = {"Authorization": otaru.onenet_authorization(otaru.ONENET_PRODUCT, otaru.ONENET_KEY)}
NOBODY = {"known": False, "version": None, "state": None, "steps": 0}


def seen(device, tasks):
    """What the API says about a device, in the words of a model."""
    if device is None:
        check(not tasks, "there are tasks of a device that is not there:", tasks)
        return NOBODY
    components = device["components"]
    check(len(components) == 1, device["key"], "has components", components)
    check(len(tasks) <= 1, device["key"], "has several tasks:", tasks)
    task = tasks[0] if tasks else {"state": None, "steps_done": 0}
    return {"known": True, "version": components[0]["version"], "state": task["state"],
            "steps": task["steps_done"]}


def look(client, key):
    status, text, _ = client.ask("GET", "/api/v1/devices/" + quoted(key))
    check(status in (200, 404), "GET /devices was answered", status, text)
    if status == 404:
        return seen(None, []), []
    tasks = client.items(f"/devices/{quoted(key)}/tasks")
    return seen(json.loads(text), tasks), tasks


def check_history(client, task):
    """A task's history is a chain without gaps that ends where the task is."""
    entries = client.api("GET", f"/tasks/{task['id']}/history")["items"]
    check(entries, "task without history:", task)
    at = entries[0]["from"]
    for number, entry in enumerate(entries, 1):
        check(entry["sequence"] == number and entry["from"] == at, "history has a gap:", entries)
        at = entry["to"]
    check(at == task["state"], "history ends elsewhere:", entries, task)


class Device:
    """One device on its way through one update."""

    def __init__(self, key):
        self.key = key
        self.model = NOBODY
        self.maybe = None

    def attempt(self, **after):
        self.maybe = {**self.model, **after}

    def acknowledged(self):
        self.model, self.maybe = self.maybe, None

    def done(self):
        return self.model["state"] in ("succeeded", "failed")

    def settle(self, client):
        """After a crash: the server remembers all that it promised, and nothing by halves."""
        actual, tasks = look(client, self.key)
        check(actual in (self.model, self.maybe), "device", self.key, "is", actual,
              "but acknowledged was", self.model, "and on its way", self.maybe)
        self.model, self.maybe = actual, None
        for task in tasks:
            check_history(client, task)


class OnenetDevice(Device):
    token = None

    def call(self, client, method, target, body=None):
        text = json.dumps(body) if body else None
        status, text, _ = client.ask(method, target, text, ONENET)
        answer = json.loads(text)
        check(status == 200 and answer["errno"] == 0, "OneNET", target, "in", self.model, ":", text)
        return answer.get("data")

    def check_task(self, client):
        data = self.call(client, "GET", f"/ota/south/check?dev_id={self.key}&manuf=001&model=00107"
                                        "&type=1&version=1.0&cdn=false")
        check(self.token in (None, data["token"]), "the token of", self.key, "has changed")
        self.token = data["token"]

    def step(self, client, rng):
        state = self.model["state"]
        if not self.model["known"]:
            self.attempt(known=True, version="1.0")
            self.call(client, "POST", f"/ota/device/version?dev_id={self.key}",
                      {"f_version": "1.0"})
        elif state is None:
            self.attempt(state="pending")
            self.check_task(client)
        elif self.token is None:
            self.attempt()
            self.check_task(client)
        elif state == "pending":
            self.attempt(state="downloading")
            self.call(client, "GET", f"/ota/south/download/{self.token}/check?dev_id={self.key}")
        elif state == "downloading":
            self.download(client, rng)
        else:
            good = rng.random() < 0.8
            after = {"state": "succeeded", "version": "1.2"} if good else {"state": "failed"}
            self.attempt(**after)
            self.report(client, 201 if good else 206)
        self.acknowledged()

    def download(self, client, rng):
        self.attempt()
        what = rng.random()
        if what < 0.4:
            status, data, _ = client.ask("GET", "/ota/south/download/" + self.token,
                                         headers={"Range": "bytes=512-1023"})
            check(status == 206 and len(data) == 512, "slice:", status, data[:100])
        elif what < 0.7:
            self.call(client, "POST", f"/ota/south/device/download/{self.token}/progress"
                                      f"?dev_id={self.key}", {"step": rng.randrange(1, 99)})
        else:
            self.attempt(state="upgrading")
            self.report(client, 101)

    def report(self, client, result):
        self.call(client, "POST", f"/ota/south/report?dev_id={self.key}&token={self.token}",
                  {"result": result})

    def settle(self, client):
        super().settle(client)
        if self.token and not self.done():
            self.check_task(client)  # its token is still good, and still the same


class Robot(Device):
    """Sessions are shared by all robots of a thread: see Sessions."""

    def __init__(self, key, sessions):
        super().__init__(key)
        self.sessions = sessions
        self.ids = self.links = None

    def ask(self, client):
        token = self.sessions.token(client)
        status, text, _ = client.ask(
            "GET", f"/file/download?access_token={token}&package_name={otaru.ROBOT_PACKAGE}"
                   f"&version=6&file_name={otaru.ROBOT_FILE}&language=CN&robot_version=1"
                   f"&robot_id={self.key}")
        answer = json.loads(text)
        check(status == 200 and answer["code"] == "100", "robot", self.key, ":", status, text)
        ids = answer["id"].split(";")
        check(self.ids in (None, ids), "download ids of", self.key, "have changed:", ids, self.ids)
        self.ids, self.links = ids, answer["data"].split(";")

    def step(self, client, rng):
        if self.model["state"] is None:
            self.attempt(known=True, version="6", state="pending")
            self.ask(client)
        elif self.ids is None:
            self.attempt()
            self.ask(client)
        elif rng.random() < 0.3:
            self.attempt()
            path = "/" + self.links[self.model["steps"]].split("/", 3)[3]
            status, data, _ = client.ask("GET", path)
            check(status == 200 and len(data) in (3000, 2000), "robot file:", status, len(data))
        else:
            steps = self.model["steps"] + 1
            last = steps == len(self.ids)
            after = {"state": "succeeded", "version": "18"} if last else {"state": "upgrading"}
            self.attempt(steps=steps, **after)
            token = self.sessions.token(client)
            status, text, _ = client.ask(
                "POST", f"/file/callback?access_token={token}&id={self.ids[steps - 1]}"
                        f"&robot_id={self.key}&code=1")
            check(json.loads(text)["code"] == "100", "callback:", status, text)
        self.acknowledged()


class Sessions:
    """OAuth tokens of several users: what was handed out stays good across crashes."""

    def __init__(self, users, rng):
        self.users, self.rng = users, rng
        self.tokens = {}  # user -> (access, refresh)
        self.refreshing = None

    def grant(self, client, words):
        status, text, _ = client.ask("GET", "/oauth/token?client_id=mobile_1&client_secret=secret_1"
                                            "&" + words)
        check(status == 200, "/oauth/token was answered", status, text)
        answer = json.loads(text)
        return answer["access_token"], answer["refresh_token"]

    def login(self, client, user):
        got = self.grant(client, f"grant_type=password&username={user}&password={user}")
        if user in self.tokens and self.refreshing != user:
            check(self.tokens[user] == got, "the token of", user, "has changed")
        self.tokens[user] = got
        return got

    def token(self, client):
        user = self.rng.choice(self.users)
        if user not in self.tokens:
            self.login(client, user)
        elif self.rng.random() < 0.05:
            self.refreshing = user
            words = "grant_type=refresh_token&refresh_token=" + self.tokens[user][1]
            self.tokens[user] = self.grant(client, words)
            self.refreshing = None
        return self.tokens[user][0]

    def settle(self, client):
        if self.refreshing:
            self.login(client, self.refreshing)
            self.refreshing = None
        if self.tokens:
            user = self.rng.choice(sorted(self.tokens))
            self.login(client, user)


class Cube(Device):
    def ask(self, client, version):
        status, text, _ = client.ask("POST", "/ota/integration/check", {
            "guid": self.key, "firmwares": [{"name": otaru.OOMI_PRODUCT, "model": "1",
                                             "feature": "", "hwVersion": "",
                                             "swVersion": version}]})
        answer = json.loads(text)
        check(status == 200 and answer["code"] == "1", "OOMI check:", status, text)
        return answer["data"]["firmwares"]

    def step(self, client, rng):
        if self.model["state"] is None:
            self.attempt(known=True, version="V1.0.0.0", state="pending")
            check(len(self.ask(client, "V1.0.0.0")) == 1, "a Cube is offered nothing")
        else:
            self.attempt(version="V2.0.6.9", state="succeeded")
            check(not self.ask(client, "V2.0.6.9"), "a Cube is offered what it runs")
        self.acknowledged()


class Touch:
    """Asks for kits (the fourth document): only reads, so the answer never changes."""
    model = maybe = None
    answer = None

    def __init__(self, key):
        self.key = key

    def step(self, client, rng):
        time.sleep(0.002)  # nothing is written for it: it would crowd out the others
        status, text, _ = client.ask("POST", "/firmware-package-kit/check_update",
                                     {"accountId": 111, "version": "V0.0.1"})
        check(status == 200 and json.loads(text)["code"] == "1", "kit:", status, text)
        digest = hashlib.sha256(text).digest()
        if Touch.answer not in (None, digest):
            raise Failure("the kit has changed: " + text.decode())
        Touch.answer = digest

    def done(self):
        return False

    def settle(self, client):
        self.step(client, None)
