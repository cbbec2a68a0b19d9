# SPDX-License-Identifier: Apache-2.0
"""Debian's swupdate as a device: signed .swu files, and instances that stand beside each other
(suricatta mode against a hawkBit door). An instance has a folder of its own, which holds its
configuration, its sockets (TMPDIR decides where they are), its log and what it updates: a plain
file. It has a network of its own, too, with nothing in it but the way to the server (a
CuttingProxy). It has no bootloader, so what became of an update is said with `-c` at the next
start, as a boot script does."""
import functools
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

STOP_S = 2  # now and then it does not end when it is told to
FETCH_S = 60
TARGET = "target"  # what is updated, in the folder of an instance
PORT = 8080  # of every instance's own network
URL = f"http://127.0.0.1:{PORT}"  # the server, as instances see it
OWN_NETWORK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "own_network.py")


def missing():
    """The tools that are not there of those that are needed here; empty: all are there."""
    tools = ("swupdate", "openssl", "cpio", "zck", "zckdl", "zsync", "unshare")
    return [tool for tool in tools if not shutil.which(tool)]


@functools.cache
def own_network():
    """The command that gives another one a network of its own; none where this machine does not
    permit it: a container, say."""
    for command in (["unshare", "-rn"], ["unshare", "-n"]):
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return None


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Workshop:
    """Makes keys and .swu files: a cpio archive (`crc`), first sw-description and its CMS
    signature, then the rest (SWUpdate documentation, "Software Management", "Update images from
    verified source")."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("trusted", "stranger"):
            run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                "-keyout", self.path(name + ".key"), "-out", self.path(name + ".crt"),
                "-days", "30", "-addext", "extendedKeyUsage=emailProtection")

    def path(self, name):
        return os.path.join(self.folder, name)

    def image(self, version, content, digest=None, scripts=(), onto=TARGET, **more):
        """A .swu that writes `content` onto a file; `scripts`: (name, text)."""
        entry = (f'files: ( {{ filename = "image.bin"; path = "{onto}"; '
                 f'sha256 = "{digest or sha256(content)}"; }} );\n')
        parts = [("image.bin", content)] + [(name, text.encode()) for name, text in scripts]
        listed = ", ".join(f'{{ filename = "{name}"; type = "shellscript"; '
                           f'sha256 = "{sha256(text.encode())}"; }}' for name, text in scripts)
        if listed:
            entry += f"scripts: ( {listed} );\n"
        return self.pack(version, entry, parts, **more)

    def delta(self, version, zck, url, source):
        """A .swu with nothing but the header of the zchunk file `zck`: the device fetches by
        ranges of `url` what the file `source` does not hold (documentation, "Delta Update")."""
        said = run("zck_read_header", zck).decode()
        size = int(said.split("Header size:")[1].split()[0])
        with open(zck, "rb") as file:
            header = file.read(size)
        entry = (f'files: ( {{ filename = "zck.header"; type = "delta"; path = "{TARGET}"; '
                 f'sha256 = "{sha256(header)}"; properties: {{ url = "{url}"; '
                 f'source = "{source}"; chain = "rawfile"; zckloglevel = "error"; }} }} );\n')
        return self.pack(version, entry, [("zck.header", header)])

    def pack(self, version, entry, parts, key="trusted", hardware="1.0"):
        folder = tempfile.mkdtemp(dir=self.folder)
        text = (f'software = {{ version = "{version}"; '
                f'hardware-compatibility: [ "{hardware}" ];\n{entry}}}\n')
        parts = [("sw-description", text.encode()), ("sw-description.sig", b"")] + parts
        for name, data in parts:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        run("openssl", "cms", "-sign", "-in", "sw-description", "-out", "sw-description.sig",
            "-signer", self.path(key + ".crt"), "-inkey", self.path(key + ".key"), "-outform",
            "DER", "-nosmimecap", "-binary", cwd=folder)
        names = "".join(name + "\n" for name, _ in parts)
        swu = run("cpio", "-o", "-H", "crc", "--quiet", cwd=folder, input=names.encode())
        shutil.rmtree(folder)
        return swu


class Instance:
    """One swupdate. `token`: ("-k", TOKEN) or ("-g", TOKEN), or nothing; `settings`: more of its
    configuration file."""

    def __init__(self, folder, certificate, way, key, token=(), identify=(), url=URL, settings=""):
        os.makedirs(os.path.join(folder, "tmp"))
        self.folder, self.certificate, self.way, self.key = folder, certificate, way, key
        self.words = ["-t", "default", "-u", url, "-i", key, *token, "-r", "5", "-w", "1"]
        self.process = None
        pairs = ", ".join(f'{{ name = "{name}"; value = "{value}"; }}' for name, value in identify)
        with open(self.path("swupdate.cfg"), "w") as file:
            file.write(f"globals : {{ loglevel = 5; }};\nidentify : ( {pairs} );\n{settings}\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, confirm=None):
        """`confirm`: 2: what was installed runs well; 3: it does not (after a reboot)."""
        words = self.words + (["-c", str(confirm)] if confirm else [])
        self.process = self.spawn("-u", " ".join(words))
        return self

    def spawn(self, *mode):
        # It asks itself for its progress and gives up after 100 ms; on a busy machine it then
        # writes to a socket that is closed. Under systemd SIGPIPE is ignored (IgnoreSIGPIPE=), as
        # it is in Python, which hands that on.
        ours, its = socket.socketpair()
        with ours, its, open(self.path("log"), "ab") as log:
            process = subprocess.Popen(
                [*own_network(), sys.executable, OWN_NETWORK, str(its.fileno()), str(PORT),
                 "swupdate", "-v", "-f", self.path("swupdate.cfg"), "-k", self.certificate, "-H",
                 "board:1.0", *mode], stdout=log, stderr=log, cwd=self.folder,
                env={"PATH": os.environ["PATH"], "HOME": self.folder,
                     "TMPDIR": self.path("tmp")}, start_new_session=True, pass_fds=[its.fileno()])
            its.close()
            _, sockets, _, _ = socket.recv_fds(ours, 16, 1)
        if not sockets:
            raise RuntimeError("no swupdate: " + self.log_tail())
        self.way.listen(socket.socket(fileno=sockets[0]))
        return process

    def fetch(self, path):
        """Installs what the path leads to, once; whether that went well."""
        self.process = self.spawn("-d", f"-u {URL}{path} -r 3")
        return self.process.wait(FETCH_S) == 0

    def stop(self):
        """It, and the processes it started: they are a group of their own."""
        if self.process is None:
            return
        group, self.process = self.process, None
        end = time.monotonic() + STOP_S
        word = signal.SIGTERM
        while True:
            try:
                os.killpg(group.pid, word)
            except ProcessLookupError:
                return
            group.poll()
            if time.monotonic() > end:
                word = signal.SIGKILL
            time.sleep(0.02)

    def reboot(self, confirm):
        self.stop()
        self.start(confirm)

    def installed(self, file=TARGET):
        """What stands in the file that it updates."""
        try:
            with open(self.path(file), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def log_tail(self, lines=25):
        with open(self.path("log"), errors="replace") as file:
            return "".join(file.readlines()[-lines:])
