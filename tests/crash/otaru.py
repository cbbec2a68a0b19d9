# SPDX-License-Identifier: Apache-2.0
"""The real binary for tests that hurt it: start, kill, ask; and a catalogue that all four vendor
documents can be asked about (tests/crash, tests/abuse)."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

START_S = 60  # a sanitized binary on a busy machine
ANSWER_S = 60


class Failure(Exception):
    """What a test found."""


def check(condition, *words):
    if not condition:
        raise Failure(" ".join(str(word) for word in words))


def binary():
    path = os.environ.get("OTARU_BIN")
    check(path, "set OTARU_BIN to the otaru binary, or use ./dev test")
    return path


def new_work_folder(prefix):
    return tempfile.mkdtemp(prefix=prefix)


class Server:
    """One `otaru serve` at a time on one data folder."""

    def __init__(self, work, data=None, flags=()):
        self.work = work
        self.data = data or os.path.join(work, "data")
        self.ready = os.path.join(work, "ready")
        self.key_file = os.path.join(work, "key")
        self.log = os.path.join(work, "log")
        self.flags = list(flags)
        self.process = None
        self.port = None

    def command(self):
        return [binary(), "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--ready-file",
                self.ready, "--first-key-file", self.key_file, *self.flags]

    def spawn(self):
        if os.path.exists(self.ready):
            os.unlink(self.ready)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)

    def wait_ready(self):
        end = time.monotonic() + START_S
        while not os.path.exists(self.ready):
            check(self.process.poll() is None, "the server ended with status",
                  self.process.returncode, "\n" + self.log_tail())
            check(time.monotonic() < end, "the server did not become ready\n" + self.log_tail())
            time.sleep(0.002)
        with open(self.ready) as file:
            listen = json.load(file)["listen"][0]
        self.port = int(listen.rsplit(":", 1)[1])

    def start(self):
        self.spawn()
        self.wait_ready()
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """As an init system does; sanitizers have the last word then."""
        self.process.terminate()
        try:
            status = self.process.wait(timeout=START_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure("the server does not end\n" + self.log_tail())
        check(status == 0, "the server ended with status", status, "\n" + self.log_tail())

    def alive(self):
        return self.process.poll() is None

    def rss_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def admin_key(self):
        with open(self.key_file) as file:
            return file.read().strip()

    def log_tail(self, size=6000):
        with open(self.log, "rb") as file:
            return file.read()[-size:].decode(errors="replace")


class Client:
    """One keep-alive connection. Anything but a whole answer raises OSError or HTTPException."""

    def __init__(self, server, key=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_S)
        self.headers = {"Authorization": "Bearer " + key} if key else {}

    def ask(self, method, target, body=None, headers=None):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers = {"Content-Type": "application/json", **(headers or {})}
        self.connection.request(method, target, body, {**self.headers, **(headers or {})})
        answer = self.connection.getresponse()
        return answer.status, answer.read(), answer.headers

    def api(self, method, path, body=None, expect=(200, 201, 204)):
        status, text, _ = self.ask(method, "/api/v1" + path, body)
        check(status in expect, method, path, body, "was answered", status, text[:300])
        return json.loads(text) if text else None

    def items(self, path):
        """All pages of a list."""
        out, cursor = [], None
        while True:
            more = "&" if "?" in path else "?"
            page = self.api("GET", path + more + "limit=1000" +
                            ("&cursor=" + urllib.parse.quote(cursor) if cursor else ""))
            out += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return out

    def journal(self):
        """Every entry of the journal, in order."""
        out = []
        while True:
            status, text, _ = self.ask("GET", f"/api/v1/audit/export?after={len(out)}")
            check(status == 200, "the journal was answered", status, text[:300])
            if not text:
                return out
            out += text.splitlines()

    def close(self):
        self.connection.close()


def quoted(text):
    return urllib.parse.quote(text, safe="")


def onenet_authorization(product, key, ends=4102444800):
    """The header of vendor document "check device upgrade task": five pairs and a signature."""
    res = "products/" + product
    text = "\n".join([str(ends), "sha1", res, "2018-10-31"]).encode()
    sign = base64.b64encode(hmac.new(base64.b64decode(key), text, hashlib.sha1).digest()).decode()
    pairs = {"version": "2018-10-31", "res": res, "et": ends, "method": "sha1", "sign": sign}
    return "&".join(f"{name}={quoted(str(value))}" for name, value in pairs.items())


ONENET_PRODUCT = "123123"
ONENET_KEY = base64.b64encode(b"an access key of OneNET").decode()
OOMI_PRODUCT = "OOMI_Cube_APP"
ROBOT_PACKAGE, ROBOT_FILE = "com.ubtechinc.alpha2services", "service5mic"


def firmware(name, size):
    """The same bytes in every run, and nobody else's."""
    out = bytearray()
    while len(out) < size:
        out += hashlib.sha256(f"{name} {len(out)}".encode()).digest()
    return bytes(out[:size])


class Catalogue:
    """What the four protocols are asked about: one product each, with an update for everyone."""

    def __init__(self, client):
        self.client = client
        api = client.api
        api("POST", "/credentials", {"kind": "onenet_product", "name": ONENET_PRODUCT,
                                     "secret": ONENET_KEY})
        api("POST", "/credentials", {"kind": "oauth_client", "name": "mobile_1",
                                     "secret": "secret_1"})
        api("POST", "/credentials", {"kind": "oauth_user", "name": "aa", "secret": "aa"})
        api("POST", "/credentials", {"kind": "oomi_account", "name": "111",
                                     "secret": "0123456789abcdef0123456789abcdee",
                                     "permissions": [79]})
        oomi = api("POST", "/products", {"name": OOMI_PRODUCT, "model": "1",
                                         "hw_version": "V1.0.0.0",
                                         "version_pattern": "V#N.#N.#N.#N"})
        module = api("POST", "/products", {"name": "M6315", "manufacturer": "001",
                                           "module": "00107", "type": "firmware"})
        robot = api("POST", "/products", {"name": ROBOT_PACKAGE, "model": ROBOT_FILE,
                                          "version_scheme": "integer"})
        cube = self.release(oomi["id"], "V2.0.6.9", [("", 40_000)])
        self.release(module["id"], "1.2", [("", 9_000)])
        self.release(robot["id"], "17", [("6", 3_000)], {"language": "CN"})
        self.release(robot["id"], "18", [("17", 2_000), ("", 20_000)], {"language": "CN"})
        self.kit = api("POST", "/kits", {"version": "2.0.6.11", "releases": [cube["id"]],
                                         "notes": {"en": "a kit"}})["id"]
        api("POST", f"/kits/{self.kit}/publish")
        self.products = {"oomi": oomi["id"], "onenet": module["id"], "ubtech": robot["id"]}
        everything = api("POST", "/deployments", {"name": "everything",
                                                  "target": {"newest_in_channel": "stable"}})
        api("POST", f"/deployments/{everything['id']}/start")

    def release(self, product, version, files, labels=None):
        api = self.client.api
        release = api("POST", "/releases", {"product": product, "version": version,
                                            "labels": labels or {}, "notes": {"en": "better"}})
        for base, size in files:
            name = f"p{product}-{base or 'full'}-{version}.bin"
            if labels:  # robots read their version out of the name
                name = f"Alpha2Services-1.1--{version}--5mic{'-' + base if base else ''}.patch"
            upload = put_blob(self.client, name, firmware(name, size))
            body = {"release": release["id"], "upload": upload["id"]}
            api("POST", "/packages", {**body, "base_version": base} if base else body)
        return api("POST", f"/releases/{release['id']}/publish")


def put_blob(client, name, data):
    status, text, _ = client.ask("PUT", "/api/v1/blobs?file_name=" + quoted(name), data,
                                 {"Content-Type": "application/octet-stream"})
    check(status == 201, "PUT /blobs was answered", status, text)
    return json.loads(text)


def raw_connection(server, timeout=ANSWER_S):
    return socket.create_connection(("127.0.0.1", server.port), timeout)
