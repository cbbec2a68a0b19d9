# SPDX-License-Identifier: Apache-2.0
"""Makes one file of every archive format that inspection knows, with the tools that people use,
into a folder:   python3 tests/inspect/archives.py FOLDER

The small ones in src/inspect/testdata/archives were made so; the tests beside this file make
them anew each time."""
import json
import os
import subprocess
import sys
from pathlib import Path

DEVICE, VERSION = "gateway-a", "2.1.0"


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
                "description-encrypted": ("", "", ["-K", "aes.key", "-t"])}
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
        self.run(["mender-artifact", "write", "bootstrap-artifact", "-t", DEVICE, "-n", "first",
                  "-o", self.out("mender-bootstrap.mender")])

    # --- Everything -----------------------------------------------------------------------------

    def all(self):
        self.swupdate()
        self.rauc()
        self.mender()


if __name__ == "__main__":
    Maker(sys.argv[1]).all()
