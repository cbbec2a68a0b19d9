# SPDX-License-Identifier: Apache-2.0
"""Every device route of the vendor documents and of hawkBit's API with a request that is right, and
what an answer in each dialect's own form looks like. tests/abuse/abuse.py spoils these requests."""
import json
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "crash"))
import otaru  # noqa: E402

ONENET_AUTH = otaru.onenet_authorization(otaru.ONENET_PRODUCT, otaru.ONENET_KEY)


class Door:
    """One route. `key` names the parameter that says which device asks: each case has its own."""

    def __init__(self, dialect, method, path, query=None, body=None, headers=None, key=None):
        self.dialect, self.method, self.path = dialect, method, path
        self.query, self.body, self.headers = query or {}, body, headers or {}
        self.key = key

    def name(self):
        return f"{self.dialect} {self.method} {self.path}"

    def target(self, query=None):
        words = self.query if query is None else query
        text = "&".join(k + "=" + urllib.parse.quote(str(v), safe=":;") for k, v in words.items())
        return self.path + ("?" + text if text else "")

    def text(self, body=None):
        value = self.body if body is None else body
        return b"" if value is None else json.dumps(value).encode()


def oomi():
    firmware = {"name": otaru.OOMI_PRODUCT, "model": "1", "feature": "", "hwVersion": "",
                "swVersion": "V1.0.0.0"}
    condition = {"product": otaru.OOMI_PRODUCT, "model": "1", "currentSwVersion": "V1.0.0.0",
                 "feature": ""}
    kit_part = {"feature": "", "hwVersion": "", "model": 1, "product": otaru.OOMI_PRODUCT,
                "sn": "", "swVersion": "V2.0.6.9"}
    retrieve = {"sign": "sign", "product": otaru.OOMI_PRODUCT, "model": "1", "sn": "serial",
                "currentSwVersion": "V1.0.0.0", "hwVersion": "V1.0.0.0",
                "macAddress": "11:22:33:44:55:66"}
    yield Door("oomi", "POST", "/ota/integration/check", None,
               {"guid": "", "product": "OOMI_CUBE", "model": "1", "firmwares": [firmware]},
               None, "guid")
    yield Door("oomi", "POST", "/firmware-package-kit/check_update", None,
               {"accountId": 111, "version": "V0.0.1"})
    yield Door("oomi", "POST", "/firmware-package-kit/pegging", None, [kit_part])
    yield Door("oomi", "POST", "/firmware-package-kit/detail", None, {"id": 1})
    yield Door("oomi", "GET", "/retrieve", retrieve)
    yield Door("oomi", "GET", "/firmwareRetrieve", retrieve)
    yield Door("oomi", "POST", "/firmwares/detail", None,
               {"oldSwVersion": "V0.0.0.0", "product": otaru.OOMI_PRODUCT, "currentSwVersion": ""})
    yield Door("oomi", "POST", "/firmwares/all", None, {"firmwareCondForms": [condition]})
    yield Door("oomi", "GET", "/firmwares/swVersion",
               {"oomiCubeVersion": "00.10", "prosystVersion": "1.0.0.4"})
    yield Door("oomi", "POST", "/firmwares/dwlStatus", None, {"any": "thing"})
    yield Door("oomi", "POST", "/firmwares/all/product/1", None, {"any": "thing"})
    yield Door("oomi", "GET", "/firmware/OOMI_Cube_APP/1/V1-0-0-0/"
                              "OOMI_Cube_APP-V0.0.0.0-V2.0.6.9-1.bin")


def onenet(token):
    auth = {"Authorization": ONENET_AUTH}
    check = {"dev_id": "", "manuf": "001", "model": "00107", "type": 1, "version": "1.0",
             "cdn": "false"}
    yield Door("onenet", "POST", "/ota/device/version", {"dev_id": ""},
               {"f_version": "1.0", "s_version": "1.0"}, auth, "dev_id")
    yield Door("onenet", "GET", "/ota/device/version", {"dev_id": ""}, None, auth, "dev_id")
    for path in ("/ota/south/check", "/ota/check"):
        yield Door("onenet", "GET", path, check, None, auth, "dev_id")
    for path in (f"/ota/south/download/{token}", f"/ota/download/{token}"):
        yield Door("onenet", "GET", path + "/check", {"dev_id": "patient"}, None, auth)
        yield Door("onenet", "GET", path, None, None, {"Range": "bytes=0-511"})
    yield Door("onenet", "POST", f"/ota/south/device/download/{token}/progress",
               {"dev_id": "patient"}, {"step": 10}, auth)
    for path in ("/ota/south/report", "/ota/report"):
        yield Door("onenet", "POST", path, {"dev_id": "patient", "token": token}, {"result": 101},
                   auth)
    yield Door("onenet", "GET", "/ota/south/tasking", {"dev_id": "patient", "type": 1}, None, auth)
    for method in ("GET", "POST"):
        yield Door("onenet", method, "/ota/devInfo", None, {"pid": 123123, "authInfo": "patient"},
                   auth)


def ubtech(token, download_id, link):
    login = {"client_id": "mobile_1", "client_secret": "secret_1", "grant_type": "password",
             "username": "aa", "password": "aa"}
    download = {"access_token": token, "package_name": otaru.ROBOT_PACKAGE, "version": 6,
                "file_name": otaru.ROBOT_FILE, "language": "CN", "robot_version": 1, "robot_id": ""}
    report = {"access_token": token, "id": download_id, "robot_id": "robot-patient", "code": 0}
    for base in ("", "/upgrade"):
        yield Door("ubtech", "GET", base + "/oauth/token", login)
        yield Door("ubtech", "POST", base + "/oauth/token", login)
        yield Door("ubtech", "GET", base + "/file/download", download, None, None, "robot_id")
        yield Door("ubtech", "POST", base + "/file/callback", report)
    yield Door("ubtech", "GET", link)


def hawkbit(server, client):
    """hawkBit's Direct Device Integration API, for 'patient-gw', which has an action."""
    admin = otaru.Client(server, server.admin_key())
    api = admin.api
    product = api("POST", "/products", {"name": "gateway-os"})["id"]
    release = api("POST", "/releases", {"product": product, "version": "1.1"})["id"]
    upload = otaru.put_blob(admin, "gateway.swu", otaru.firmware("gateway", 5_000))
    api("POST", "/packages", {"release": release, "upload": upload["id"]})
    api("POST", f"/releases/{release}/publish")
    token = api("POST", "/credentials", {"kind": "hawkbit_gateway", "name": "site"})["secret"]
    api("POST", "/devices", {"key": "patient-gw", "attributes": {"product": "gateway-os"}})
    admin.close()
    auth = {"Authorization": "GatewayToken " + token}
    base = "/DEFAULT/controller/v1/patient-gw"
    poll = json.loads(client.ask("GET", base, None, auth)[1])
    action = urllib.parse.urlparse(poll["_links"]["deploymentBase"]["href"]).path
    answer = json.loads(client.ask("GET", action, None, auth)[1])
    artifact = answer["deployment"]["chunks"][0]["artifacts"][0]
    file = urllib.parse.urlparse(artifact["_links"]["download"]["href"]).path
    number = action.rsplit("/", 1)[1]
    progress = {"id": number, "status": {
        "execution": "proceeding", "result": {"finished": "none", "progress": {"cnt": 1, "of": 5}},
        "code": 7, "details": ["one", "two"]}}
    yield Door("hawkbit", "GET", base, None, None, auth)
    yield Door("hawkbit", "PUT", base + "/configData", None,
               {"mode": "merge", "data": {"board": "imx8"}}, auth)
    yield Door("hawkbit", "GET", action, {"actionHistory": 3}, None, auth)
    yield Door("hawkbit", "POST", action + "/feedback", None, progress, auth)
    yield Door("hawkbit", "GET", f"{base}/cancelAction/{number}", None, None, auth)
    yield Door("hawkbit", "POST", f"{base}/cancelAction/{number}/feedback", None, progress, auth)
    yield Door("hawkbit", "GET", base + "/confirmationBase", None, None, auth)
    yield Door("hawkbit", "GET", f"{base}/confirmationBase/{number}", None, None, auth)
    yield Door("hawkbit", "POST", f"{base}/confirmationBase/{number}/feedback", None,
               {"confirmation": "confirmed", "code": 1, "details": ["yes"]}, auth)
    yield Door("hawkbit", "POST", base + "/confirmationBase/activateAutoConfirm", None,
               {"initiator": "owner", "remark": "on the phone"}, auth)
    yield Door("hawkbit", "POST", base + "/confirmationBase/deactivateAutoConfirm", None, None,
               auth)
    yield Door("hawkbit", "GET", f"{base}/installedBase/{number}", None, None, auth)
    yield Door("hawkbit", "GET", file.rsplit("/", 1)[0], None, None, auth)
    yield Door("hawkbit", "GET", file, None, None, auth)
    yield Door("hawkbit", "GET", file + ".MD5SUM", None, None, auth)
    sha256 = artifact["hashes"]["sha256"]
    yield Door("hawkbit", "GET", f"/default/artifacts/{sha256}/{artifact['filename']}")
    yield Door("hawkbit", "GET", "/default/general", {"id": "patient-gw", "version": "1.0"}, None,
               auth)
    yield Door("hawkbit", "PUT", "/default/general/log", None, None, auth)


def all_doors(server):
    """All of them, with a device of each kind that has a task: 'patient'."""
    client = otaru.Client(server)
    auth = {"Authorization": ONENET_AUTH}
    text = client.ask("GET", "/ota/south/check?dev_id=patient&manuf=001&model=00107"
                             "&type=1&version=1.0&cdn=false", None, auth)[1]
    token = json.loads(text)["data"]["token"]
    text = client.ask("GET", "/oauth/token?client_id=mobile_1&client_secret=secret_1"
                             "&grant_type=password&username=aa&password=aa")[1]
    session = json.loads(text)["access_token"]
    text = client.ask(
        "GET", f"/file/download?access_token={session}&package_name={otaru.ROBOT_PACKAGE}"
               f"&version=6&file_name={otaru.ROBOT_FILE}&language=CN&robot_version=1"
               "&robot_id=robot-patient")[1]
    offer = json.loads(text)
    link = "/" + offer["data"].split(";")[0].split("/", 3)[3]
    gateways = list(hawkbit(server, client))
    client.close()
    return [*oomi(), *onenet(token), *ubtech(session, offer["id"].split(";")[0], link), *gateways]


def parsed(body):
    try:
        return json.loads(body)
    except ValueError:
        return None


def own_form(dialect, body):
    """Whether an answer is one that the dialect's devices can read."""
    answer = parsed(body)
    if dialect == "onenet":
        digit = body.strip() in (b"1", b"2", b"3", b"4", b"5")
        return digit or isinstance(answer, dict) and {"errno", "error"} <= set(answer)
    if dialect in ("oomi", "hawkbit") and isinstance(answer, list):
        return True
    if dialect == "hawkbit":
        resource = ("_links", "errorCode", "deployment", "confirmation", "cancelAction")
        checksum = body.endswith(b"  gateway.swu") and len(body.split()[0]) == 32
        return not body or checksum or isinstance(answer, dict) and any(
            name in answer for name in resource)
    if not isinstance(answer, dict):
        return False
    if dialect == "oomi":
        return {"code", "note"} <= set(answer)
    oauth = {"error", "error_description"} <= set(answer)
    return "code" in answer or "access_token" in answer or oauth


def refused(dialect, status, body):
    """Whether an answer says that the request itself is wrong: then it must have no effect."""
    if status >= 400:
        return True
    answer = parsed(body)
    if not isinstance(answer, dict):
        return False
    if dialect == "oomi":
        return answer.get("code") in ("2", "3", "4", "160", "2001")
    if dialect == "onenet":
        return answer.get("errno") in (1, 2, 24, 27)
    return "error" in answer or answer.get("code") == "500"
