#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line against a server that means harm: nothing it says moves the cursor, nothing it
sends fills the memory, nothing it names leaves the folder, and a redirect takes no key along."""
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

OTARU = os.environ["OTARU_BIN"]
EVIL = "a\x1b[2J\x1b]0;title\x07b\u009b31m\u202ec\r\nd\x7f"
BYTES = b'{"items":[{"id":1,"name":"raw\x9b31m\xff"}],"next_cursor":null}'


class Server(http.server.BaseHTTPRequestHandler):
    mode, keys = "", []

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        Server.keys.append(self.headers.get("Authorization"))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if Server.mode == "list":
            page = {"items": [{"id": 1, "name": EVIL, EVIL: EVIL}], "next_cursor": None}
            self.answer(200, json.dumps(page).encode())
        elif Server.mode == "raw":
            self.answer(200, BYTES)
        elif Server.mode == "problem":
            self.answer(400, json.dumps({"detail": EVIL, "field": EVIL, "remedy": EVIL}).encode())
        elif Server.mode == "page":
            self.answer(502, ("<html>" + EVIL).encode(), "text/html")
        elif Server.mode == "endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b" " * 1_000_000)
            except OSError:
                pass
        elif Server.mode == "redirect":
            self.answer(302, b"", Location="http://127.0.0.1:1/api/v1/products")
        elif self.path.endswith("/file"):
            self.answer(200, b"x")
        else:
            self.answer(200, json.dumps({"id": 1, "file_name": "../../evil", "sha256": "2d711642"
                        "b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}).encode())

    do_POST = do_GET


def otaru(url, folder, *words):
    environment = dict(os.environ, HOME=str(folder), OTARU_SERVER=url, OTARU_KEY="secret")
    return subprocess.run([OTARU, *words], env=environment, cwd=folder, capture_output=True)


def calm(done):
    """No control characters but line ends, and valid text."""
    for output in (done.stdout, done.stderr):
        text = output.decode()
        bad = [c for c in text if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160
               or 0x202A <= ord(c) <= 0x202E]
        assert not bad, (done.args, bad, text)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "a" / "b"
        folder.mkdir(parents=True)
        for mode, status in (("list", 0), ("raw", None), ("problem", 1), ("page", 1),
                             ("endless", 3), ("redirect", 1)):
            Server.mode = mode
            for words in (["product", "list"], ["product", "show", "1"], ["explain", "1"],
                          ["status"], ["product", "add", "x"]):
                for flags in ([], ["--json"]):
                    if mode == "endless" and (words[0] != "status" or flags):
                        continue
                    done = otaru(url, folder, *words, *flags)
                    calm(done)
                    if status is not None:
                        assert done.returncode == status, (mode, done)
        Server.mode = "file"
        done = otaru(url, folder, "package", "download", "1")
        assert done.returncode == 0 and (folder / "evil").read_bytes() == b"x", done
        assert not (Path(name) / "evil").exists(), "it left the folder"
        assert set(Server.keys) == {"Bearer secret"}
    return 0


if __name__ == "__main__":
    sys.exit(main())
