# SPDX-License-Identifier: Apache-2.0
"""Operators for the crash test: one that builds catalogues, one that uploads in pieces."""
import hashlib
import json

import otaru
from otaru import check

VOLATILE = {"counts"}


def same(actual, expected):
    return {k: v for k, v in actual.items() if k not in VOLATILE} == \
        {k: v for k, v in expected.items() if k not in VOLATILE}


class Operator:
    """Creates things in chains: product, release, file, package, publish, deployment, start,
    credential, setting. Every answer is kept and compared with what GET says later."""

    def __init__(self, name, rng):
        self.name, self.rng = name, rng
        self.number = 0
        self.promised = {}     # path -> last acknowledged form
        self.young = []        # paths since the last crash
        self.blobs = {}        # package path -> sha256
        self.doubt = None      # what to look at after a crash: a function
        self.setting = (None, None)
        self.script = None

    def keep(self, path, form):
        self.promised[path] = form
        self.young.append(path)

    def create(self, client, collection, body, query):
        """POST that may be cut off: then there is one thing, complete, or none."""
        def in_doubt(later):
            found = [form for form in later.items(collection + query)
                     if form.get("name") == body.get("name")]
            check(len(found) <= 1, "made twice:", found)
            for form in found:
                check(all(form[k] == body[k] for k in ("name", "version", "product", "kind")
                          if k in body), "made by halves:", form, body)
                self.keep(f"{collection}/{form['id']}", form)
        self.doubt = in_doubt
        form = client.api("POST", collection, body)
        form.pop("secret", None)
        self.keep(f"{collection}/{form['id']}", form)
        self.doubt = None
        return form

    def change(self, client, path, verb, after):
        before = self.promised[path]

        def in_doubt(later):
            form = later.api("GET", path)
            check(form["state"] in (before["state"], after), path, "is", form)
            self.keep(path, form)
        self.doubt = in_doubt
        self.keep(path, client.api("POST", f"{path}/{verb}"))
        self.doubt = None

    def package(self, client, release):
        data = otaru.firmware(f"{self.name} {self.number}", self.rng.randrange(1, 60_000))
        sha256 = hashlib.sha256(data).hexdigest()
        upload = otaru.put_blob(client, f"file-{self.number}.bin", data)
        check(upload["sha256"] == sha256, "upload has another hash")

        def in_doubt(later):
            found = later.items(f"/packages?release={release['id']}")
            check(len(found) <= 1, "made twice:", found)
            if found:
                self.keep_package(found[0], sha256)
            else:  # then the upload is still there
                form = later.api("GET", "/uploads/" + upload["id"])
                check(form["complete"] and form["sha256"] == sha256, "upload is", form)
        self.doubt = in_doubt
        self.keep_package(client.api("POST", "/packages", {"release": release["id"],
                                                           "upload": upload["id"]}), sha256)
        self.doubt = None

    def keep_package(self, form, sha256):
        path = f"/packages/{form['id']}"
        check(form["sha256"] == sha256, "package has another hash:", form)
        self.keep(path, form)
        self.blobs[path] = sha256

    def chain(self, client):
        """One catalogue entry after the other; each `yield` ends a step."""
        self.number += 1
        name = f"{self.name}-{self.number}"
        product = self.create(client, "/products", {"name": name}, "?name=" + name)
        yield
        release = self.create(client, "/releases", {"product": product["id"], "version": "1.0"},
                              f"?product={product['id']}")
        yield
        self.package(client, release)
        yield
        self.change(client, f"/releases/{release['id']}", "publish", "published")
        yield
        if self.number % 4 == 1:
            deployment = self.create(client, "/deployments", {
                "name": name, "target": {"release": release["id"]}, "devices": ["of " + name]}, "")
            yield
            self.change(client, f"/deployments/{deployment['id']}", "start", "running")
            yield
            self.create(client, "/credentials", {"kind": "oauth_user", "name": name},
                        "?kind=oauth_user")
            yield
        value = str(self.number)
        self.setting = (self.setting[0], value)
        client.api("PUT", f"/settings/crash.{self.name}", {"value": value})
        self.setting = (value, value)

    def step(self, client):
        if self.script is None:
            self.script = self.chain(client)
        try:
            next(self.script)
        except StopIteration:
            self.script = None

    def settle(self, client):
        self.script = None  # a chain that was cut off is not taken up again
        if self.doubt:
            self.doubt(client)
            self.doubt = None
        older = sorted(self.promised)
        for path in self.young[-8:] + self.rng.sample(older, min(3, len(older))):
            self.verify(client, path)
        self.young = []
        if self.setting[1]:
            found = {s["name"]: s["value"] for s in client.api("GET", "/settings")["items"]}
            value = found.get(f"crash.{self.name}")
            check(value in self.setting, "setting is", value, "acknowledged was", self.setting)
            self.setting = (value, value)

    def verify(self, client, path):
        form = client.api("GET", path)
        check(same(form, self.promised[path]), path, "is", form, "acknowledged was",
              self.promised[path])
        if path in self.blobs:
            download(client, path, self.blobs[path])


# Collection in the path -> kind of subject in the journal.
KINDS = {"products": "product", "releases": "release", "packages": "package",
         "deployments": "deployment", "credentials": "credential"}


def check_journal(client, promised):
    """The chain is whole, and every acknowledged change has its entry, once."""
    previous, made = "0" * 64, {}
    for number, line in enumerate(client.journal(), 1):
        entry = json.loads(line)
        text = line.rsplit(b',"hash":"', 1)[0] + b"}"
        check(entry["sequence"] == number and entry["previous"] == previous,
              "entry", number, "of the journal is not chained:", line)
        check(hashlib.sha256(text).hexdigest() == entry["hash"], "entry", number, "is damaged")
        previous = entry["hash"]
        deed = (entry["action"], entry["subject"]["kind"], entry["subject"]["id"])
        made[deed] = made.get(deed, 0) + 1
    for path, form in promised.items():
        collection, number = path.strip("/").split("/")
        kind = KINDS[collection]
        deeds = [kind + ".create"]
        deeds += [kind + ".publish"] if form.get("state") == "published" else []
        deeds += [kind + ".start"] if form.get("state") == "running" else []
        for deed in deeds:
            check(made.get((deed, kind, number)) == 1, path, "has", made.get((deed, kind, number)),
                  "entries", deed)


def download(client, package_path, sha256):
    status, data, _ = client.ask("GET", f"/api/v1{package_path}/file")
    check(status == 200 and hashlib.sha256(data).hexdigest() == sha256, package_path,
          "does not give its file: status", status, len(data), "bytes")


class Uploader:
    """Uploads in pieces; goes on after a crash where the server says it is."""

    def __init__(self, name, rng, release):
        self.name, self.rng, self.release = name, rng, release
        self.number = 0
        self.upload = None
        self.complete = False
        self.offset = self.sent = 0
        self.packages = []  # (package path, sha256)
        self.packaging = False
        self.data = b""

    def begin(self, client):
        self.number += 1
        self.data = otaru.firmware(f"{self.name} {self.number}", self.rng.randrange(1, 300_000))
        self.offset = self.sent = 0
        self.complete = self.packaging = False
        form = client.api("POST", "/uploads", {"size": len(self.data),
                                               "file_name": f"{self.name}-{self.number}.bin"})
        self.upload = form["id"]

    def digest(self):
        return hashlib.sha256(self.data).hexdigest()

    def step(self, client):
        if self.upload is None:
            self.begin(client)
        elif self.offset < len(self.data):
            self.piece(client)
        elif not self.complete:
            client.api("POST", f"/uploads/{self.upload}/complete", {"sha256": self.digest()})
            self.complete = True
        else:
            self.finish(client)

    def piece(self, client):
        piece = self.data[self.offset:self.offset + self.rng.randrange(1, 80_000)]
        self.sent = self.offset + len(piece)
        status, text, headers = client.ask(
            "PATCH", "/api/v1/uploads/" + self.upload, piece,
            {"Upload-Offset": str(self.offset), "Content-Type": "application/offset+octet-stream"})
        check(status == 204 and headers["Upload-Offset"] == str(self.sent), "PATCH:", status, text)
        self.offset = self.sent

    def finish(self, client):
        self.packaging = True
        self.take(client.api("POST", "/packages", {"release": self.release["id"],
                                                   "upload": self.upload, "base_version":
                                                       f"0.{self.number}"}))

    def take(self, form):
        check(form["sha256"] == self.digest(), "package has another hash:", form)
        self.packages.append((f"/packages/{form['id']}", self.digest()))
        self.upload = None

    def settle(self, client):
        if self.packages:
            download(client, *self.rng.choice(self.packages[-5:]))
        if self.upload is None:
            return
        status, text, _ = client.ask("GET", "/api/v1/uploads/" + self.upload)
        if status == 404 and self.packaging:  # used up by the package that was being made
            found = client.items("/packages?sha256=" + self.digest())
            check(len(found) == 1, "upload and package are both gone:", self.upload, found)
            self.take(found[0])
            return
        check(status == 200, "upload", self.upload, "was acknowledged but is", status, text)
        form = json.loads(text)
        check(self.offset <= form["offset"] <= self.sent, "upload is at", form["offset"],
              "acknowledged", self.offset, "sent", self.sent)
        check(form["complete"] or not self.complete, "a completed upload is not complete:", form)
        self.offset = form["offset"]
        self.complete = form["complete"]
        self.packaging = False
