#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`otaru inspect --json` on archives that the real tools make here and now. What it says is held
against what those tools say themselves, and the places it names against the bytes there."""
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "inspect"))
from archives import DEVICE, VERSION, Maker  # noqa: E402

OTARU = os.environ["OTARU_BIN"]

# file -> kind, facts that must be there, notes that must be there
EXPECTED = {
    "swupdate-plain.swu": ("swupdate", {"version": VERSION, "board": "gateway-b", "hardware": "B2"},
                           {"unsigned", "hash-right"}),
    "swupdate-json.swu": ("swupdate", {"version": VERSION, "hardware": "1.0"}, {"hash-right"}),
    "swupdate-cms.swu": ("swupdate", {"signer": "CN=Release signer,O=Example Devices"},
                         {"signature-fits", "payload-compressed"}),
    "swupdate-rsa.swu": ("swupdate", {"signature": "RSA 2048 bit"}, {"signature-unchecked"}),
    "swupdate-encrypted.swu": ("swupdate", {"version": VERSION}, {"payload-encrypted"}),
    "swupdate-description-encrypted.swu": ("swupdate", {"signature": "CMS"},
                                           {"description-encrypted", "signature-unchecked"}),
    "swupdate-no-sha256.swu": ("swupdate",
                               {"signer": "a certificate of CN=Example root,O=Example Devices"},
                               {"sha256-missing", "signature-unchecked", "embedded-script"}),
    "rauc-plain.raucb": ("rauc", {"format_version": "plain"},
                         {"manifest-not-read", "signature-fits"}),
    "rauc-verity.raucb": ("rauc", {"version": VERSION, "hardware": DEVICE},
                          {"hash-right", "signature-fits"}),
    "rauc-crypt.raucb": ("rauc", {"version": VERSION}, {"hash-right", "payload-encrypted"}),
    "rauc-encrypted.raucb": ("rauc", {"format_version": "crypt"}, {"manifest-encrypted"}),
    "mender-rootfs-none.mender": ("mender", {"version": f"release-{VERSION}", "hardware": DEVICE},
                                  {"hash-right"}),
    "mender-rootfs-gzip.mender": ("mender", {"compression": "gzip"}, {"payload-compressed"}),
    "mender-rootfs-lzma.mender": ("mender", {"compression": "xz"}, {"payload-compressed"}),
    "mender-module.mender": ("mender", {"label": "app-1.4", "version": "1.4"}, {"state-scripts"}),
    "mender-signed.mender": ("mender", {"label": "app-1.4"}, {"signature-unchecked"}),
    "mender-v2.mender": ("mender", {"version": f"release-{VERSION}", "format_version": "2"},
                         {"hash-right"}),
    "mender-delta.mender": ("mender", {"base_version": "release-2.0.0"}, {"hash-right"}),
    "mender-bootstrap.mender": ("mender", {"version": "first"}, {"hash-right"}),
    "android-full.zip": ("android-ota", {"version": "10000002", "hardware": DEVICE},
                         {"hash-right", "unsigned"}),
    "android-incremental.zip": ("android-ota", {"base_version": "10000001"}, {"hash-right"}),
    "android-block.zip": ("android-ota", {"image_type": "BLOCK", "version": "7"}, {"unsigned"}),
    "android-signed.zip": ("android-ota", {}, {"signature-fits"}),
    "dfu-nrf5.zip": ("nrf-dfu", {"version": "7", "hardware": "52"}, set()),
    "dfu-legacy.zip": ("nrf-dfu", {"version": "9"}, set()),
    "dfu-mcumgr.zip": ("mcumgr-dfu", {"version": VERSION, "hardware": "nrf5340"}, set()),
    "package-xz.deb": ("deb", {"product": "gateway-app"}, {"payload-compressed"}),
    "package-zstd.deb": ("deb", {"product": "gateway-app"}, {"payload-compressed"}),
    "package-gzip.deb": ("deb", {"product": "gateway-app"}, {"payload-compressed"}),
    "package-none.deb": ("deb", {"product": "gateway-app"}, set()),
    "package.ipk": ("ipk", {"product": "gateway-app"}, {"payload-compressed"}),
    "package.rpm": ("rpm", {"product": "gateway-app"}, {"hash-right"}),
    "files.tar": ("tar", {}, set()),
    "files.tar.gz": ("tar", {"compression": "gzip"}, {"payload-compressed"}),
    "files.tar.xz": ("tar", {"compression": "xz"}, {"payload-compressed"}),
    "files.tar.zst": ("tar", {"compression": "zstd"}, {"payload-compressed"}),
    "files.zip": ("zip", {}, {"payload-compressed"}),
    "disk.ext4.gz": ("gzip", {"compression": "gzip"}, {"payload-compressed"}),
    "disk.ext4.xz": ("xz", {"compression": "xz"}, {"payload-compressed"}),
    "disk.ext4.zst": ("zstd", {"compression": "zstd"}, {"payload-compressed"}),
    "disk.ext4.bz2": ("bzip2", {"compression": "bzip2"}, {"payload-compressed"}),
    "disk.ext4.lz4": ("lz4", {"compression": "lz4"}, {"payload-compressed"}),
}
# What devices refuse: file -> the note that says so.
WRONG = {"swupdate-order.swu": "signature-misplaced"}
# Their metadata is compressed.
PACKED = {"android-block.zip"}
# Values that stand in the file as they are shown, so that the bytes at their place must be them.
AS_WRITTEN = {"swupdate": ("version", "hardware", "board", "description"),
              "rauc": ("version", "hardware", "description", "build_id"),
              "android-ota": ("version", "hardware", "base_version", "security_patch"),
              "rpm": ("product", "description", "architecture")}


def need(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def inspect(path, code=0):
    done = subprocess.run([OTARU, "inspect", "--json", str(path)], stdout=subprocess.PIPE,
                          timeout=120, check=False)
    need(done.returncode == code, f"{path.name}: exit code {done.returncode}, not {code}")
    return json.loads(done.stdout)


def values(found, name):
    return [fact["value"] for fact in found["facts"] if fact["name"] == name]


def notes(found):
    return {note["code"] for note in found["notes"]}


def check_places(path, found):
    content, checked = path.read_bytes(), 0
    for fact in found["facts"]:
        place = fact["evidence"]
        if fact["name"] not in AS_WRITTEN.get(found["kind"], ()) or place["offset"] is None:
            continue
        at = content[place["offset"]:][:place["size_bytes"]].decode(errors="replace")
        # (Escaped characters, and a version within a fingerprint, are written longer.)
        need(fact["value"] in at.replace("\\\\", "\\"),
             f"{path.name}: {fact} is not at its place, {at!r}")
        checked += 1
    # (What lies inside something compressed has no place.)
    wanted = [fact for fact in found["facts"] if fact["name"] in AS_WRITTEN.get(found["kind"], ())]
    packed = all(fact["evidence"]["offset"] is None for fact in wanted)
    need(checked > 0 or packed, f"{path.name}: nothing has a place")
    need(not packed or path.name in PACKED or not wanted, f"{path.name}: no fact has a place")


def said_by(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True).stdout.decode()


def check_against_tools(folder, found):
    """What the tools read from the files that they made."""
    keyring = str(folder / "work/ca.pem")
    rauc = json.loads(said_by("rauc", "info", f"--keyring={keyring}", "--output-format=json",
                              str(folder / "rauc-verity.raucb")).strip().split("\n")[-1])
    ours = found["rauc-verity.raucb"]
    need(values(ours, "hardware") == [rauc["compatible"]], "rauc info: compatible")
    need(values(ours, "version") == [rauc["version"]], "rauc info: version")
    theirs = {(name, image["checksum"], image["size"])
              for entry in rauc["images"] for name, image in entry.items()}
    need(theirs == {(p["type"], p["sha256_declared"], p["size_bytes"])
                    for p in ours["payloads"] if p["sha256_declared"]}, f"rauc info: {theirs}")
    text = said_by("mender-artifact", "read", str(folder / "mender-module.mender"))
    ours = found["mender-module.mender"]
    for line in (f"Name: {values(ours, 'label')[0]}", f"[{values(ours, 'hardware')[0]}]",
                 ours["payloads"][0]["sha256_declared"],
                 "Depends on one of artifact(s): [app-1.3]"):
        need(line in text, f"mender-artifact read does not say {line}")
    for name in ("package-xz.deb", "package-zstd.deb"):
        version = said_by("dpkg-deb", "-f", str(folder / name), "Version").strip()
        need(values(found[name], "version") == [version], f"{name}: {version}")
    version = said_by("rpm", "-qp", "--qf", "%{EPOCH}:%{VERSION}-%{RELEASE}",
                      str(folder / "package.rpm"))
    need(values(found["package.rpm"], "version") == [version], f"rpm: {version}")
    with zipfile.ZipFile(folder / "files.zip") as members:
        need([p["name"] for p in found["files.zip"]["payloads"]] == members.namelist(),
             "files.zip has other members")


def check_damage(folder):
    """Cut and changed files are refused, with the reason."""
    for name in ("swupdate-plain.swu", "rauc-verity.raucb", "mender-module.mender", "package.rpm",
                 "android-full.zip", "files.tar.gz"):
        content = (folder / name).read_bytes()
        cut = folder / f"cut-{name}"
        cut.write_bytes(content[:len(content) * 2 // 3])
        found = inspect(cut, code=0 if name.endswith(".raucb") else 1)
        # (Without its end a bundle is a file of another kind.)
        need(found["kind"] != "rauc", f"{cut.name} is still a bundle")
    changed = folder / "changed.swu"
    content = bytearray((folder / "swupdate-json.swu").read_bytes())
    content[content.rindex(b"kernel")] ^= 1
    changed.write_bytes(content)
    found = inspect(changed, code=1)
    need("hash-wrong" in notes(found), f"a changed artifact: {notes(found)}")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder, found = Path(name), {}
        Maker(folder).all()
        made = {path.name for path in folder.iterdir() if path.is_file()}
        need(made == {*EXPECTED, *WRONG}, f"nothing is expected of {made ^ {*EXPECTED, *WRONG}}")
        for name, (kind, facts, codes) in EXPECTED.items():
            found[name] = inspect(folder / name)
            need(found[name]["kind"] == kind, f"{name} is {found[name]['kind']}, not {kind}")
            for fact, value in facts.items():
                need(value in values(found[name], fact),
                     f"{name}: {fact} is {values(found[name], fact)}, not {value}")
            need(codes <= notes(found[name]), f"{name}: notes {notes(found[name])}, not {codes}")
            check_places(folder / name, found[name])
        for name, code in WRONG.items():
            need(code in notes(inspect(folder / name, code=1)), f"{name}: no {code}")
        check_against_tools(folder, found)
        check_damage(folder)
        print(f"{len(EXPECTED)} files are what their tools say")


main()
