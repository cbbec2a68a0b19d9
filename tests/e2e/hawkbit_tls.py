#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's swupdate over TLS: a device that shows the certificate of its name needs no token, and
one that shows another's is not let in."""
import json
import os
import random
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from cutting_proxy import CuttingProxy  # noqa: E402
from hawkbit_world import eventually, main, need  # noqa: E402
from swupdate import PORT, run  # noqa: E402


def certificate(folder, file, name):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
        os.path.join(folder, file + ".key"), "-out", os.path.join(folder, file + ".crt"))


def settings(folder, file):
    path = os.path.join(folder, file)
    return (f'suricatta : {{ cafile = "{folder}/server.crt"; sslkey = "{path}.key"; '
            f'sslcert = "{path}.crt"; }};')


def by_certificate(w, folder):
    with open(w.server.ready) as file:
        listen = json.load(file)["listen"]
    port = int(next(one for one in listen if one.startswith("https:")).rsplit(":", 1)[1])
    data = random.Random("tls").randbytes(300_000)
    release = w.release(w.product("tls"), "2.0", "tls.swu", w.shop.image("2.0", data))
    devices = []
    for key, file in (("gateway-1", "first"), ("gateway-2", "other")):
        w.api("POST", "/devices", {"key": key})
        devices.append(w.instance(key, (), CuttingProxy(port, reads=False),
                                  url=f"https://127.0.0.1:{PORT}",
                                  settings=settings(folder, file)))
    w.deployment("tls", release, devices=["gateway-1", "gateway-2"])
    for device in devices:
        device.start()
    w.wait_updated(devices[0], data)

    def refused():
        return "HTTP error code 401" in devices[1].log_tail(200)
    eventually("the certificate of another name is refused", refused)
    need(w.task(devices[1]) is None and devices[1].installed() is None, "it got nothing")


def play():
    with tempfile.TemporaryDirectory(prefix="swu") as folder:
        certificate(folder, "server", "server")
        certificate(folder, "first", "gateway-1")
        certificate(folder, "other", "gateway-1000")
        with open(os.path.join(folder, "clients.crt"), "wb") as clients:
            for name in ("first", "other"):
                with open(os.path.join(folder, name + ".crt"), "rb") as file:
                    clients.write(file.read())

        def a_certificate_instead_of_a_token(w):
            by_certificate(w, folder)
        return main(a_certificate_instead_of_a_token, flags=(
            "--listen-tls", "127.0.0.1:0", "--tls-certificate", f"{folder}/server.crt",
            "--tls-key", f"{folder}/server.key", "--tls-client-ca", f"{folder}/clients.crt",
            "--tls-client-certificates", "optional", "--hawkbit-certificate", "true"))


if __name__ == "__main__":
    sys.exit(play())
