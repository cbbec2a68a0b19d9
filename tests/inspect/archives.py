# SPDX-License-Identifier: Apache-2.0
"""Makes one file of every archive format that inspection knows, with the tools that people use,
into a folder:   python3 tests/inspect/archives.py FOLDER

The small ones in src/inspect/testdata/archives were made so; the tests beside this file make
them anew each time."""
import base64
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

DEVICE, VERSION = "gateway-a", "2.1.0"
FINGERPRINT = "example/gateway_a/gateway-a:13/TQ3A.230805.001/{}:user/release-keys"


def wire(*fields):
    """A Protocol Buffers message: (number, int or bytes) each."""
    def varint(value):
        out = b""
        while value > 127:
            out, value = out + bytes([value & 127 | 128]), value >> 7
        return out + bytes([value])

    return b"".join(varint(n << 3 | 2) + varint(len(v)) + v if isinstance(v, bytes)
                    else varint(n << 3) + varint(v) for n, v in fields)


def run(words, cwd, **options):
    done = subprocess.run(words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{words}: {done.stdout.decode(errors='replace')}")
    return done.stdout


def content(size, seed):
    """Bytes that neither compress to nothing nor look random."""
    words = [b"kernel", b"rootfs", b"module", b"driver", b"\0\0\0\0", b"config", b"init",
             b"\x7fELF"]
    out, state = bytearray(), seed
    while len(out) < size:
        state = (state * 1103515245 + 12345) & 0x7fffffff
        out += words[(state >> 16) % len(words)] + bytes([state >> 8 & 255])
    return bytes(out[:size])


class Maker:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.work = self.folder / "work"
        self.work.mkdir(parents=True, exist_ok=True)

    def write(self, name, data):
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def out(self, name):
        path = self.folder / name
        path.unlink(missing_ok=True)
        return str(path.resolve())

    def run(self, words, **options):
        return run(words, self.work, **options)

    def keys(self):
        """A root certificate, a signer under it, and keys of other kinds."""
        if (self.work / "sign.pem").exists():
            return
        self.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key",
                  "-out", "ca.pem", "-days", "7300", "-subj", "/O=Example Devices/CN=Example root"])
        self.run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "sign.key", "-out",
                  "sign.csr", "-subj", "/O=Example Devices/CN=Release signer"])
        self.write("sign.ext", "keyUsage=digitalSignature\nextendedKeyUsage=emailProtection\n")
        self.run(["openssl", "x509", "-req", "-in", "sign.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                  "-CAcreateserial", "-days", "7300", "-out", "sign.pem", "-extfile", "sign.ext"])
        self.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
                  "-out", "ec.key"])
        self.write("aes.key", f"key={'11' * 32}\niv={'22' * 16}\n")

    # --- SWUpdate -------------------------------------------------------------------------------

    def swupdate(self):
        self.keys()
        self.write("swu/rootfs.img", content(3000, 1))
        self.write("swu/hook.sh", "#!/bin/sh\nexit 0\n")
        self.write("swu/app.cfg", "colour=blue\n")
        text = '''software =
{
  version = "%s";
  description = "Example gateway";
  hardware-compatibility: [ "1.0", "#RE:^2\\\\.[0-9]$" ];
  gateway-b = {
    hardware-compatibility: [ "B2" ];
    stable: { main: {
      images: ( { filename = "rootfs.img"; device = "/dev/mmcblk0p2"; type = "raw"; sha256 = "";
                  version = "2.1.0"%s } );
    }; };
  };
  files: ( { filename = "app.cfg"; path = "/etc/app.cfg"; sha256 = ""%s } );
  scripts: ( { filename = "hook.sh"; type = "shellscript"; sha256 = ""; } );
}
'''
        ways = {"plain": ("", "", []),
                "cms": ('; compressed = "zlib"', "", ["-k", "CMS,sign.key,sign.pem"]),
                "rsa": ("", "", ["-k", "RSA,sign.key"]),
                "encrypted": ("", "; encrypted = true", ["-K", "aes.key"]),
                "description-encrypted": ("", "", ["-K", "aes.key", "-t", "-k",
                                                   "CMS,sign.key,sign.pem"])}
        for name, (image, file, options) in ways.items():
            self.write("sw.template", text % (VERSION, image, file))
            self.run(["swugenerator", "-s", "sw.template", "-a", "swu", *options, "-o",
                      self.out(f"swupdate-{name}.swu"), "create"])
        # The way of the documentation: sw-description by hand, cpio with -H crc or newc.
        sha256 = self.run(["openssl", "dgst", "-sha256", "-r", "swu/rootfs.img"]).split()[0]
        description = {"software": {"version": VERSION, "hardware-compatibility": ["1.0"],
                                    "images": [{"filename": "rootfs.img", "type": "raw",
                                                "sha256": sha256.decode()}]}}
        self.write("swu/sw-description", json.dumps(description, indent=1))
        self.cpio("swupdate-json.swu", ["sw-description", "rootfs.img"])
        self.write("swu/sw-description", f"""software = {{ version = "{VERSION}";
  embedded-script = "function f(image) return true, image end";
  files: ( {{ filename = "app.cfg"; path = "/etc/app.cfg"; }} ); }};
""")
        self.run(["openssl", "cms", "-sign", "-in", "swu/sw-description", "-out",
                  "swu/sw-description.sig", "-signer", "sign.pem", "-inkey", "sign.key", "-outform",
                  "DER", "-nosmimecap", "-binary", "-nocerts"])
        self.cpio("swupdate-no-sha256.swu", ["sw-description", "sw-description.sig", "app.cfg"],
                  form="crc")
        self.cpio("swupdate-order.swu", ["sw-description", "app.cfg", "sw-description.sig"])

    def cpio(self, name, members, form="newc"):
        made = subprocess.run(["cpio", "-o", "--quiet", "-H", form], cwd=self.work / "swu",
                              input="\n".join(members).encode(), stdout=subprocess.PIPE, check=True)
        Path(self.out(name)).write_bytes(made.stdout)

    # --- RAUC -----------------------------------------------------------------------------------

    def rauc(self):
        self.keys()
        for form in ("plain", "verity", "crypt"):
            folder = f"rauc-{form}"
            self.write(f"{folder}/rootfs.img", content(5000, 2))
            self.write(f"{folder}/boot.img", content(500, 3))
            self.write(f"{folder}/hook", "#!/bin/sh\nexit 0\n")
            self.write(f"{folder}/manifest.raucm", f"""[update]
compatible={DEVICE}
version={VERSION}
description=Example gateway
build=20260401120000

[bundle]
format={form}

[hooks]
filename=hook

[image.rootfs]
filename=rootfs.img

[image.boot]
filename=boot.img
""")
            os.chmod(self.work / folder / "hook", 0o755)
            # Hash trees are over more than one whole block; plain bundles may be of any size.
            pad = "-nopad" if form == "plain" else "-noD -noF"
            self.run(["rauc", "bundle", "--cert=sign.pem", "--key=sign.key",
                      f"--mksquashfs-args={pad}", folder, self.out(f"rauc-{form}.raucb")])
        self.run(["rauc", "encrypt", "--to=sign.pem", "--keyring=ca.pem",
                  str((self.folder / "rauc-crypt.raucb").resolve()),
                  self.out("rauc-encrypted.raucb")])

    # --- Mender ---------------------------------------------------------------------------------

    def mender(self):
        self.keys()
        image = self.work / "mender.ext4"
        image.unlink(missing_ok=True)
        self.run(["truncate", "-s", "128K", image.name])
        self.run(["mkfs.ext4", "-q", "-F", image.name])
        self.write("app.bin", content(3000, 4))
        for compression in ("none", "gzip", "lzma"):
            self.run(["mender-artifact", "write", "rootfs-image", "-t", DEVICE, "-t", "gateway-b",
                      "-n", f"release-{VERSION}", "-f", image.name, "--compression", compression,
                      "-o", self.out(f"mender-rootfs-{compression}.mender")])
        module = ["mender-artifact", "write", "module-image", "-T", "single-file", "-t", DEVICE,
                  "-n", "app-1.4", "-f", "app.bin"]
        self.write("ArtifactInstall_Enter_00", "#!/bin/sh\nexit 0\n")
        self.run([*module, "-d", f"rootfs-image.version:{VERSION}", "-p", "app.version:1.4",
                  "-N", "app-1.3", "--depends-groups", "beta", "-s", "ArtifactInstall_Enter_00",
                  "-o", self.out("mender-module.mender")])
        self.run([*module, "-k", "ec.key", "-o", self.out("mender-signed.mender")])
        self.run(["mender-artifact", "write", "rootfs-image", "-v", "2", "-t", DEVICE, "-n",
                  f"release-{VERSION}", "-f", image.name, "-o", self.out("mender-v2.mender")])
        self.run(["mender-artifact", "write", "module-image", "-T", "mender-binary-delta", "-t",
                  DEVICE, "-n", f"release-{VERSION}", "-d", "rootfs-image.version:release-2.0.0",
                  "-f", "app.bin", "-o", self.out("mender-delta.mender")])
        self.run(["mender-artifact", "write", "bootstrap-artifact", "-t", DEVICE, "-n", "first",
                  "-o", self.out("mender-bootstrap.mender")])

    # --- Android (AOSP: ota_utils.py, update_metadata.proto) ------------------------------------

    def payload_bin(self):
        """Header, manifest with two partitions, data, as update_metadata.proto describes it."""
        data = content(4000, 5)
        manifest = wire((3, 4096), (12, 0), (14, 1680000000), *(
            (13, wire((1, name), (7, wire((1, len(data)), (2, hashlib.sha256(data).digest())))))
            for name in (b"boot", b"system")))
        head = b"CrAU" + struct.pack(">QQI", 2, len(manifest), 0) + manifest
        payload = head + data
        self.write("ota/payload.bin", payload)
        self.write("ota/payload_properties.txt", "".join(f"{key}={value}\n" for key, value in [
            ("FILE_HASH", base64.b64encode(hashlib.sha256(payload).digest()).decode()),
            ("FILE_SIZE", len(payload)),
            ("METADATA_HASH", base64.b64encode(hashlib.sha256(head).digest()).decode()),
            ("METADATA_SIZE", len(head))]))

    def android(self):
        self.keys()
        self.payload_bin()
        for name, base in (("full", None), ("incremental", "10000001")):
            lines = {"ota-type": "AB", "ota-required-cache": "0", "pre-device": DEVICE,
                     "post-build": FINGERPRINT.format("10000002"),
                     "post-build-incremental": "10000002", "post-sdk-level": "33",
                     "post-security-patch-level": "2023-08-05", "post-timestamp": "1680000000"}
            if base:
                lines |= {"pre-build": FINGERPRINT.format(base), "pre-build-incremental": base}
            self.write("ota/META-INF/com/android/metadata",
                       "".join(f"{key}={lines[key]}\n" for key in sorted(lines)))
            path = self.out(f"android-{name}.zip")
            run(["zip", "-q", "-0", "-X", "-r", path, "META-INF", "payload.bin",
                 "payload_properties.txt"], self.work / "ota")
            if name == "incremental":
                # Before A/B: no payload.bin.
                self.write("ota/META-INF/com/android/metadata",
                           f"ota-type=BLOCK\npost-build={FINGERPRINT.format('7')}\n"
                           f"post-build-incremental=7\npre-device={DEVICE}\n")
                run(["zip", "-q", "-X", "-r", self.out("android-block.zip"), "META-INF"],
                    self.work / "ota")
            if name == "full":
                shutil.copy(path, self.out("android-signed.zip"))
                self.sign_zip(Path(self.folder) / "android-signed.zip")

    def sign_zip(self, path):
        """SignApk's whole-file signature: over all but the comment and its size, in the comment."""
        unsigned = path.read_bytes()
        self.write("ota.signed", unsigned[:-2])
        self.run(["openssl", "cms", "-sign", "-binary", "-in", "ota.signed", "-signer", "sign.pem",
                  "-inkey", "sign.key", "-outform", "DER", "-noattr", "-out", "ota.sig"])
        signature = (self.work / "ota.sig").read_bytes()
        message = b"signed by SignApk\0"
        comment = message + signature
        footer = struct.pack("<HHH", len(signature) + 6, 0xffff, len(comment) + 6)
        path.write_bytes(unsigned[:-2] + struct.pack("<H", len(comment) + 6) + comment + footer)

    # --- DFU packages of Nordic's chips ---------------------------------------------------------

    def dfu(self):
        image = content(2000, 6)
        init = wire((1, 7), (2, 52), (3, b"\x01"), (4, 0), (7, len(image)))
        self.write("dfu/app.bin", image)
        self.write("dfu/app.dat", wire((2, wire((1, wire((1, 1), (2, init))), (2, 0),
                                                (3, bytes(64))))))
        self.write("dfu/manifest.json", json.dumps({"manifest": {"application": {
            "bin_file": "app.bin", "dat_file": "app.dat"}}}))
        files = ["manifest.json", "app.bin", "app.dat"]
        run(["zip", "-q", "-X", self.out("dfu-nrf5.zip"), *files], self.work / "dfu")
        self.write("dfu/manifest.json", json.dumps({"manifest": {"application": {
            "bin_file": "app.bin", "dat_file": "app.dat", "init_packet_data": {
                "application_version": 9, "device_type": 52, "device_revision": 65535}}}}))
        run(["zip", "-q", "-X", self.out("dfu-legacy.zip"), *files], self.work / "dfu")
        self.write("dfu/manifest.json", json.dumps({
            "format-version": 0, "time": 1680000000, "name": "lamp", "files": [{
                "type": "application", "board": "nrf5340dk_nrf5340_cpuapp", "soc": "nrf5340",
                "load_address": "0xc000", "image_index": "0", "version": "0",
                "version_MCUBOOT": VERSION, "size": len(image), "file": "app.bin"}]}))
        run(["zip", "-q", "-X", self.out("dfu-mcumgr.zip"), *files[:2]], self.work / "dfu")

    # --- Packages -------------------------------------------------------------------------------

    def packages(self):
        control = f"""Package: gateway-app
Version: {VERSION}-1
Architecture: all
Maintainer: Example Devices <devices@example.org>
Depends: libc6 (>= 2.36), busybox
Description: application of the gateway
 It does what the gateway does.
"""
        self.write("deb/DEBIAN/control", control)
        self.write("deb/usr/share/gateway/app.bin", content(3000, 7))
        for compression in ("xz", "zstd", "gzip", "none"):
            self.run(["dpkg-deb", "--root-owner-group", f"-Z{compression}", "-b", "deb",
                      self.out(f"package-{compression}.deb")])
        # opkg-utils' opkg-build: both tars and debian-binary in one gzip-compressed tar.
        self.write("ipk/debian-binary", "2.0\n")
        self.run(["tar", "-czf", "ipk/control.tar.gz", "-C", "deb/DEBIAN", "./control"])
        self.run(["tar", "-czf", "ipk/data.tar.gz", "-C", "deb", "./usr"])
        self.run(["tar", "-czf", self.out("package.ipk"), "-C", "ipk", "./debian-binary",
                  "./control.tar.gz", "./data.tar.gz"])
        self.write("rpm.spec", f"""Name: gateway-app
Version: {VERSION}
Release: 3
Epoch: 1
Summary: application of the gateway
License: Apache-2.0
Vendor: Example Devices
BuildArch: noarch
%description
It does what the gateway does.
%install
mkdir -p %{{buildroot}}/usr/share/gateway
cp {(self.work / 'deb/usr/share/gateway/app.bin').resolve()} %{{buildroot}}/usr/share/gateway/
%files
/usr/share/gateway/app.bin
""")
        top = (self.work / "rpmbuild").resolve()
        self.run(["rpmbuild", "-bb", "--define", f"_topdir {top}", "--define",
                  "_buildhost localhost", "rpm.spec"])
        shutil.copy(next(top.glob("RPMS/noarch/*.rpm")), self.out("package.rpm"))

    # --- Containers -----------------------------------------------------------------------------

    def containers(self):
        if not (self.work / "app.bin").exists():
            self.write("app.bin", content(3000, 4))
        self.run(["truncate", "-s", "128K", "disk.ext4"])
        self.run(["mkfs.ext4", "-q", "-F", "disk.ext4"])
        for option, name in (("-c", "tar"), ("-cz", "tar.gz"), ("-cJ", "tar.xz"),
                             ("--zstd", "tar.zst")):
            words = [option] if option.startswith("-c") else [option, "-c"]
            self.run(["tar", *words, "-f", self.out(f"files.{name}"), "app.bin"])
        for tool, name in ((["gzip"], "gz"), (["xz"], "xz"), (["zstd", "-q"], "zst"),
                           (["bzip2"], "bz2"), (["lz4", "-q"], "lz4")):
            with open(self.out(f"disk.ext4.{name}"), "wb") as to:
                subprocess.run([*tool, "-c", "disk.ext4"], cwd=self.work, stdout=to, check=True)
        self.run(["zip", "-q", self.out("files.zip"), "app.bin", "disk.ext4"])

    # --- Everything -----------------------------------------------------------------------------

    def all(self):
        self.swupdate()
        self.rauc()
        self.mender()
        self.android()
        self.dfu()
        self.packages()
        self.containers()


if __name__ == "__main__":
    Maker(sys.argv[1]).all()
