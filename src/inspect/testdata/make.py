#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the images of this folder with the vendors' own tools, which Debian does not package:
esptool (5.6.0) and imgtool (2.5.0), found through PATH. Keys are new each time.

    make.py FOLDER
"""
import struct
import subprocess
import sys
from pathlib import Path

# esp_app_desc_t; esptool fills app_elf_sha256 in.
DESCRIPTION = struct.pack("<IIII", 0xABCD5432, 7, 0, 0) + b"".join(
    text.encode().ljust(size, b"\0") for text, size in [
        ("1.4.2-rc1", 32), ("lamp-controller", 32), ("12:34:56", 16), ("May  1 2026", 16),
        ("v5.3.1", 32), ("", 112)])


def elf(sections, entry):
    """A RISC-V executable with these (name, address, content)."""
    names = b"\0"
    headers, segments, data = [], [], b""
    begin = 52 + 32 * len(sections)
    for name, address, content in sections:
        executable = "text" in name
        headers.append(struct.pack("<10I", len(names), 1, 2 | (4 if executable else 0), address,
                                   begin + len(data), len(content), 0, 0, 4, 0))
        segments.append(struct.pack("<8I", 1, begin + len(data), address, address, len(content),
                                    len(content), 5 if executable else 4, 4))
        names += name.encode() + b"\0"
        data += content
    at_names = len(names)
    names += b".shstrtab\0"
    at_table = begin + len(data) + len(names)
    headers.append(struct.pack("<10I", at_names, 3, 0, 0, begin + len(data), len(names), 0, 0, 1,
                               0))
    head = b"\x7fELF\1\1\1" + bytes(9) + struct.pack(
        "<HHIIIIIHHHHHH", 2, 243, 1, entry, 52, at_table, 0, 52, 32, len(sections), 40,
        len(sections) + 2, len(sections) + 1)
    return head + b"".join(segments) + data + names + bytes(40) + b"".join(headers)


def tool(folder, *words):
    subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def make_esp(folder):
    code = struct.pack("<I", 0x13) * 40
    for name, description in [("app", DESCRIPTION), ("boot", bytes(256))]:
        sections = [(".flash.appdesc", 0x3C000020, description),
                    (".flash.rodata", 0x3C000120, b"read-only data".ljust(64, b".")),
                    (".iram0.text", 0x40380000, struct.pack("<I", 0x100073) * 10),
                    (".flash.text", 0x42000168, code)]
        (folder / "program.elf").write_bytes(elf(sections, 0x40380000))
        sha = ["--elf-sha256-offset", "0xb0"] if name == "app" else []
        tool(folder, "esptool", "--chip", "esp32c3", "elf2image", "--flash-size", "4MB", *sha,
             "-o", f"esp32c3_{name}.bin", "program.elf")
    tool(folder, "esptool", "--chip", "esp32c3", "merge-bin", "--format", "uf2", "-o",
         "esp32c3.uf2", "0x10000", "esp32c3_app.bin")
    tool(folder, "espsecure", "generate-signing-key", "--version", "2", "boot.pem")
    tool(folder, "espsecure", "sign-data", "--version", "2", "--keyfile", "boot.pem", "--output",
         "esp32c3_signed.bin", "esp32c3_app.bin")


def make_mcuboot(folder):
    (folder / "body").write_bytes(DESCRIPTION + b"a program".ljust(300, b"+"))
    for name, key, version, flags in [
            ("ecdsa", "ecdsa-p256", "1.2.3+45", ["-H", "0x20", "-s", "9", "-d", "(1, 1.0.5+0)"]),
            ("ed25519", "ed25519", "0.9.1", ["-H", "0x40"]),
            ("rsa_padded", "rsa-2048", "2.0.0", ["-H", "0x20", "--pad"]),
            ("unsigned", None, "3.0.0+1", ["-H", "0x20"])]:
        sign = []
        if key:
            tool(folder, "imgtool", "keygen", "-k", f"{name}.pem", "-t", key)
            sign = ["-k", f"{name}.pem"]
        tool(folder, "imgtool", "sign", "-v", version, "--pad-header", "--align", "4", "-S",
             "0x1000", *sign, *flags, "body", f"mcuboot_{name}.bin")


def main():
    folder = Path(sys.argv[1])
    make_esp(folder)
    make_mcuboot(folder)
    for rest in [*folder.glob("*.pem"), folder / "body", folder / "program.elf"]:
        rest.unlink()


if __name__ == "__main__":
    main()
