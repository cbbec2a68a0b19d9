# SPDX-License-Identifier: Apache-2.0
"""The catalogue that the benchmark loads through the API, and what devices ask of it."""
import base64
import hashlib
import hmac
import json
import socket
import urllib.parse

PRODUCT, ACCESS_KEY = "123123", base64.b64encode(b"benchmark-of-one-net-keys").decode()
AAT = "0123456789abcdef0123456789abcdee"
FILE_BYTES = 16 << 20
OOMI = [("OOMI_Cube_Firmware", "", "V0.2.0.4"), ("OOMI_Cube_APP", "", "V2.0.6.9"),
        ("OOMI_Cube_IR", "", "V1.1.0.0"), ("OOMI_Cube_Zwave", "zwave_freq_29", "V1.02.0.0")]
KIT = "2.0.6.11"
DDI_PRODUCT = "gateway-os"
NOT_MODIFIED = "DDI poll, nothing new (304)"
ANY_KEY = "@@@@KEY@@@"  # wrk/rotate.lua puts ten digits there


def file_of(name, size):
    """Bytes that do not compress, the same in every run."""
    block = b"".join(hashlib.sha256(f"{name}{n}".encode()).digest() for n in range(2048))
    return (block * (size // len(block) + 1))[:size]


def guid(n):
    return hashlib.md5(str(n).encode()).hexdigest().upper()


def publish(otaru, product, version, file_name, data, **release):
    made = otaru.api("POST", "/api/v1/releases",
                     {"product": product, "version": version, **release})
    upload = otaru.api("PUT", f"/api/v1/blobs?file_name={urllib.parse.quote(file_name)}", raw=data)
    otaru.api("POST", "/api/v1/packages", {"release": made["id"], "upload": upload["id"]})
    otaru.api("POST", f"/api/v1/releases/{made['id']}/publish")
    return made["id"]


def ddi_token(key):
    return base64.b64encode(f"token of {key}".encode()).decode()


def ddi_keys(devices, older):
    return [f"ddi-{'old' if older else 'new'}-{n}" for n in range(devices)]


def ddi_head(key):
    """What SWUpdate 2022.12 sends with every request."""
    return ["User-Agent: libcurl-agent/1.0", "Content-Type: application/json",
            "Accept: application/json", "charsets: utf-8", "charsets: utf-8",
            f"Authorization: TargetToken {ddi_token(key)}"]


def ddi_poll(key, extra=()):
    return head("GET", f"/DEFAULT/controller/v1/{key}", [*ddi_head(key), *extra])


def ddi_attributes(key, version):
    body = json.dumps({"data": {"product": DDI_PRODUCT, "version": version}})
    return "\r\n".join([f"PUT /DEFAULT/controller/v1/{key}/configData HTTP/1.1",
                        "Host: 127.0.0.1", *ddi_head(key), f"Content-Length: {len(body)}",
                        "", body])


def fill_ddi(otaru, devices):
    """A module, and devices with a token each that have sent their attributes."""
    module = otaru.api("POST", "/api/v1/products", {"name": DDI_PRODUCT})["id"]
    publish(otaru, module, "1.2", "gateway-os-1.2.swu", file_of("g2", 4096))
    publish(otaru, module, "1.3", "gateway-os-1.3.swu", file_of("g3", 4096))
    for older, version in ((False, "1.3"), (True, "1.2")):
        for key in ddi_keys(devices, older):
            otaru.api("POST", "/api/v1/devices", {"key": key, "secret": ddi_token(key)})
            status, _, body = exchange(otaru.port, ddi_attributes(key, version))
            if status != 200:
                raise RuntimeError(f"configData: {status} {body}")


def fill(otaru, devices):
    """Every protocol's products, one standing deployment for everyone."""
    def credential(kind, name, secret, **more):
        otaru.api("POST", "/api/v1/credentials",
                  {"kind": kind, "name": name, "secret": secret, **more})

    credential("onenet_product", PRODUCT, ACCESS_KEY)
    credential("oauth_client", "mobile_1", "secret_1")
    credential("oauth_user", "aa", "aa")
    credential("oomi_account", "111", AAT)

    def product(**body):
        return otaru.api("POST", "/api/v1/products", body)["id"]

    module = product(name="M5310", manufacturer="001", module="00107")
    publish(otaru, module, "1.2", "m5310-1.2.bin", file_of("m2", 4096))
    publish(otaru, module, "1.3", "m5310-1.3.bin", file_of("m3", FILE_BYTES))
    robot = product(name="com.ubtechinc.alpha2services", model="service5mic",
                    version_scheme="integer")
    publish(otaru, robot, "17", "service5mic--17.patch", file_of("r17", 4096))
    publish(otaru, robot, "18", "service5mic--18.patch", file_of("r18", 4096))
    newest = []
    for name, feature, version in OOMI:
        cube = product(name=name, model="1", hw_version="V1.0.0.0", feature=feature,
                       version_pattern="V#N.#N.#N.#N")
        size = FILE_BYTES if name == "OOMI_Cube_APP" else 4096
        newest.append(publish(otaru, cube, version, f"{name}-{version}.zip", file_of(name, size)))
    kit = otaru.api("POST", "/api/v1/kits", {"version": KIT, "releases": newest})
    otaru.api("POST", f"/api/v1/kits/{kit['id']}/publish")
    standing = otaru.api("POST", "/api/v1/deployments",
                         {"name": "everyone", "target": {"newest_in_channel": "stable"}})
    otaru.api("POST", f"/api/v1/deployments/{standing['id']}/start")
    # With its cookies enforced, OOMI knows only devices that are registered.
    for n in range(devices):
        otaru.api("POST", "/api/v1/devices", {"key": guid(n)})
    fill_ddi(otaru, devices)


def head(method, target, headers, body=""):
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", *headers]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def authorization():
    res, et, method = f"products/{PRODUCT}", "2524608000", "sha1"
    message = "\n".join((et, method, res, "2018-10-31"))
    sign = hmac.new(base64.b64decode(ACCESS_KEY), message.encode(), method)
    words = {"version": "2018-10-31", "res": res, "et": et, "method": method,
             "sign": base64.b64encode(sign.digest()).decode()}
    return "Authorization: " + "&".join(f"{k}={urllib.parse.quote(v, safe='')}"
                                        for k, v in words.items())


def onenet_check(key, version, extra=()):
    body = json.dumps({"dev_id": key, "manuf": "001", "model": "00107", "type": 1,
                       "version": version, "cdn": False}, separators=(",", ":"))
    return head("POST", "/ota/south/check", [authorization(), *extra], body)


def oomi_check(key, older, extra=()):
    firmwares = [{"feature": feature, "hwVersion": "", "model": "1", "name": name,
                  "swVersion": "V0.0.0.1" if older and name == "OOMI_Cube_APP" else version}
                 for name, feature, version in OOMI]
    body = json.dumps({"firmwares": firmwares, "guid": key, "model": "1", "product": "OOMI_CUBE"},
                      separators=(",", ":"))
    return head("POST", "/ota/integration/check",
                [f"Cookie: guid={key}; aat={AAT}", *extra], body)


def kit_check(key, older, extra=()):
    body = json.dumps({"accountId": 111, "version": "V2.0.0.1" if older else KIT},
                      separators=(",", ":"))
    return head("POST", "/firmware-package-kit/check_update",
                [f"Cookie: guid={key}; aat={AAT}", *extra], body)


def ubtech_check(key, version, token, extra=()):
    return head("GET", f"/file/download?access_token={token}&package_name="
                "com.ubtechinc.alpha2services&version="
                f"{version}&file_name=service5mic&language=CN&robot_version=1&robot_id={key}",
                extra)


def oauth_token(extra=()):
    return head("GET", "/oauth/token?client_id=mobile_1&client_secret=secret_1&"
                "grant_type=password&username=aa&password=aa", extra)


def exchange(port, request):
    """One request, one answer: (status, head, body)."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request.encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        top, _, body = data.partition(b"\r\n\r\n")
        length = int(next((line.split(b":")[1] for line in top.split(b"\r\n")
                           if line.lower().startswith(b"content-length")), 0))
        while len(body) < length:
            body += connection.recv(65536)
    return int(top.split()[1]), top.decode(), body.decode("latin-1")


def header_of(top, name):
    return next(line.partition(": ")[2] for line in top.split("\r\n")
                if line.lower().startswith(name + ":"))


def checks(port, devices):
    """name -> (protocol, requests of one round, a text that every answer has)."""
    token = json.loads(exchange(port, oauth_token())[2])["access_token"]
    onenet = [str(7_000_000 + n) for n in range(devices)]
    pending = [str(8_000_000 + n) for n in range(devices)]
    guids = [guid(n) for n in range(devices)]
    half = devices // 2
    current = ddi_keys(devices, False)
    tags = [header_of(exchange(port, ddi_poll(k))[1], "etag") for k in current]
    return {
        "DDI poll, nothing to do": ([ddi_poll(k) for k in current], '"_links":{}'),
        NOT_MODIFIED:
            ([ddi_poll(k, [f"If-None-Match: {t}"]) for k, t in zip(current, tags)], ""),
        "DDI poll, deployment there":
            ([ddi_poll(k) for k in ddi_keys(devices, True)], '"deploymentBase"'),
        "OOMI check, nothing to do":
            ([oomi_check(k, False) for k in guids[:half]], '"firmwares":[]'),
        "OOMI check, task pending":
            ([oomi_check(k, True) for k in guids[half:]], '"needUpgrade":true'),
        "OOMI kit check, nothing to do": ([kit_check(k, False) for k in guids], '"code"'),
        "OOMI kit check, newer kit": ([kit_check(k, True) for k in guids], '"firmwarePackage":[{'),
        "OneNET check, nothing to do":
            ([onenet_check(k, "1.3") for k in onenet], '"errno":11'),
        "OneNET check, task pending":
            ([onenet_check(k, "1.2") for k in pending], '"target":"1.3"'),
        "UBTech check, nothing to do":
            ([ubtech_check("r" + k, 18, token) for k in onenet], '"102"'),
        "UBTech check, task pending":
            ([ubtech_check("r" + k, 17, token) for k in pending], '"100"'),
        "UBTech /oauth/token": ([oauth_token()], '"access_token"'),
    }
