#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Logging in through a real OpenID Connect provider (npm: oidc-provider), with a browser made of a
cookie jar: who gets in, as what, and what does not belong together."""
import http.cookiejar
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROVIDER = ROOT / "tests" / "oidc"
OTARU = os.environ["OTARU_BIN"]
SECRET = "client secret & co"
passed = 0


def check(right, what):
    global passed
    if not right:
        raise SystemExit(f"FAILED: {what}")
    passed += 1


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args, **_kwargs):
        return None


class Browser:
    """Keeps cookies, shows every answer, follows only when told."""

    def __init__(self):
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.jar), NoRedirects())

    def ask(self, url, form=None, headers=None):
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(url, data, headers or {})
        try:
            with self.opener.open(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def follow(self, url, stop):
        """Goes where it is sent, until an address begins with `stop`."""
        for _ in range(10):
            if url.startswith(stop):
                return url
            status, headers, body = self.ask(url)
            if status == 200:
                return body
            url = urllib.parse.urljoin(url, headers["Location"])
        raise SystemExit("FAILED: sent around in circles")


class Provider:
    def __init__(self, redirect, port=0, alg="RS256"):
        self.process = subprocess.Popen(
            ["node", "provider.mjs", str(port), SECRET, redirect], cwd=PROVIDER,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "ALG": alg})
        for line in self.process.stdout:
            if line.strip().isdigit():
                self.port = int(line)
                break
        self.issuer = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.kill()
        self.process.wait()


class Server:
    def __init__(self, folder, port, issuer, *settings):
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(folder / "log", "ab")
        ready = folder / "ready"
        ready.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [OTARU, "serve", "--data", folder / "data", "--listen", f"127.0.0.1:{port}",
             "--ready-file", ready, "--first-key-file", folder / "key",
             "--oidc-issuer", issuer, "--oidc-client-id", "otaru", "--oidc-client-secret", SECRET,
             "--oidc-redirect-uri", f"{self.url}/api/v1/oidc/callback",
             "--oidc-scopes", "openid,profile,email,groups", "--oidc-allow-private", "true",
             *settings], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while not ready.exists() and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        check(ready.exists(), "the server starts")

    def stop(self):
        self.process.terminate()
        check(self.process.wait(30) == 0, "the server ends well")


def to_callback(browser, server, name):
    """From the button to the address that the provider sends the browser back to."""
    status, headers, _ = browser.ask(f"{server.url}/api/v1/oidc/login")
    check(status == 302, "the log-in begins with a redirect")
    check("HttpOnly" in headers["Set-Cookie"] and "SameSite=Lax" in headers["Set-Cookie"],
          "the cookie of the log-in")
    back = f"{server.url}/api/v1/oidc/callback"
    at = browser.follow(headers["Location"], back)
    for _ in range(3):
        if at.startswith(back):
            return at
        action = re.search(r'action="([^"]+)"', at)[1]
        prompt = re.search(r'name="prompt" value="([^"]+)"', at)[1]
        _, headers, _ = browser.ask(action, {"prompt": prompt, "login": name, "password": "x"})
        at = browser.follow(urllib.parse.urljoin(action, headers["Location"]), back)
    raise SystemExit("FAILED: the provider keeps asking")


def who_is(browser, server):
    status, _, body = browser.ask(f"{server.url}/api/v1/me")
    return json.loads(body) if status == 200 else status


def log_in(server, name):
    browser = Browser()
    status, headers, body = browser.ask(to_callback(browser, server, name))
    return browser, status, body


def api(server, key, method, path, body=None):
    request = urllib.request.Request(
        server.url + "/api/v1" + path, json.dumps(body).encode() if body else None,
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"{}")


def run(folder):
    port = free_port()
    provider = Provider(f"http://127.0.0.1:{port}/api/v1/oidc/callback")
    roles = ("--oidc-roles", "otaru-admins=admin,otaru-ops=operator")
    server = Server(folder, port, provider.issuer, "--oidc-create-users", "true", *roles)
    key = (folder / "key").read_text().strip()
    try:
        browser, status, body = log_in(server, "ann")
        check(status == 200 and "refresh" in body, f"ann gets in: {status} {body}")
        me = who_is(browser, server)
        check(me["role"] == "admin" and me["kind"] == "user" and me["name"] == "ann", str(me))
        browser, status, _ = log_in(server, "bob")
        check(status == 200 and who_is(browser, server)["role"] == "operator", "bob operates")
        browser, status, body = log_in(server, "eve")
        check(status == 403 and "not known" in body and who_is(browser, server) == 401,
              f"eve has no group: {status} {body}")
        users = api(server, key, "GET", "/users")["items"]
        check(sum(user["name"] in ("ann", "bob") for user in users) == 2, f"two people: {users}")

        # A code works once; what another browser began, or nobody, is refused.
        browser = Browser()
        callback = to_callback(browser, server, "ann")
        other = Browser()
        check(other.ask(callback)[0] == 401, "another browser cannot finish it")
        state = urllib.parse.parse_qs(urllib.parse.urlsplit(callback).query)["state"][0]
        check(browser.ask(callback.replace(state, "x" * len(state)))[0] == 401, "another state")
        browser = Browser()
        callback = to_callback(browser, server, "ann")
        cookies = "; ".join(f"{c.name}={c.value}" for c in browser.jar if c.name == "otaru-oidc")
        check(browser.ask(callback)[0] == 200, "the first time")
        check(other.ask(callback, headers={"Cookie": cookies})[0] == 401, "the second time")
        browser = Browser()
        check(browser.ask(f"{server.url}/api/v1/oidc/callback?error=access_denied")[0] == 401,
              "the provider says no")

        # Other keys, another algorithm: read again, after a while; a restart forgets nothing.
        provider.stop()
        provider = Provider(f"{server.url}/api/v1/oidc/callback", provider.port, "ES256")
        server.stop()
        server = Server(folder, port, provider.issuer, *roles)
        browser, status, _ = log_in(server, "bob")
        check(status == 200 and who_is(browser, server)["role"] == "operator", "bob, by ES256")

        # Nobody new is made now; who was invited by mail address is bound at the first log-in.
        bob = next(user["id"] for user in users if user["name"] == "bob")
        api(server, key, "DELETE", f"/users/{bob}")
        check(log_in(server, "bob")[1] == 403, "bob was removed and nobody is made")
        api(server, key, "POST", "/users",
            {"name": "robert", "email": "BOB@example.com", "role": "viewer"})
        browser, status, _ = log_in(server, "bob")
        check(status == 200 and who_is(browser, server)["name"] == "robert", "bound by address")
        check(who_is(browser, server)["role"] == "operator", "the role follows the groups")

        provider.stop()
        status, _, body = Browser().ask(f"{server.url}/api/v1/oidc/login")
        check(status in (302, 503), "without the provider")
        server.stop()
        log = (folder / "log").read_text()
        check(SECRET not in log and "otaru-oidc=" not in log, "no secret in the log")
    except BaseException:
        sys.stderr.write((folder / "log").read_text()[-4000:])
        server.process.kill()
        raise
    finally:
        provider.stop()


def main():
    if not (PROVIDER / "node_modules").is_dir() and not os.environ.get("CI"):
        print("SKIP: the provider is not installed: script/bootstrap test")
        return 77
    folder = Path(tempfile.mkdtemp())
    try:
        run(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} checks hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
