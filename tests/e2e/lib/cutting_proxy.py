# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy on the loopback that hurts downloads: it cuts connections after so many bytes, or
lets only a trickle through. It knows of HTTP what it needs for that: where a request begins, and
which of them fetch a file. It notes the requests."""
import re
import socket
import struct
import threading
import time

HEAD_END = b"\r\n\r\n"
PIECE = 16 * 1024


class Request:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path = lines[0].split(" ")[:2]
        pairs = [line.split(":", 1) for line in lines[1:]]
        self.headers = {name.strip().lower(): value.strip() for name, value in pairs}

    def __repr__(self):
        return f"{self.method} {self.path} {self.headers.get('range', '')}".strip()


class CuttingProxy:
    """`file`: a pattern of the paths that are downloads. `cuts`: after how many bytes of their
    answers the next ones end (used up in order). `trickle`: bytes a second of a download; None:
    as fast as it goes. `reads`: False where it cannot look into what it passes on (TLS)."""

    def __init__(self, port, file=r"/artifacts/[^/]+$", cuts=(), reads=True):
        self.port_behind = port
        self.file = re.compile(file)
        self.cuts = list(cuts)
        self.reads = reads
        self.trickle = None
        self.requests = []
        self.file_bytes = 0
        self.lock = threading.Lock()

    def listen(self, listener=None):
        """Who connects to this socket, or to a new one, gets through; the URL. For good."""
        listener = listener or socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, args=[listener], daemon=True).start()
        return "http://127.0.0.1:%d" % listener.getsockname()[1]

    def downloads(self):
        with self.lock:
            return [r for r in self.requests if r.method == "GET" and self.file.search(r.path)]

    def seen(self, method, pattern):
        with self.lock:
            return [r for r in self.requests
                    if r.method == method and re.search(pattern, r.path)]

    def accept(self, listener):
        while True:
            device, _ = listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self.port_behind))
            except OSError:  # nobody there
                device.close()
                continue
            pair = Pair(self, device, server)
            for way in (pair.ask, pair.answer):
                threading.Thread(target=way, daemon=True).start()


class Pair:
    """One connection of a device and the one behind it."""

    def __init__(self, proxy, device, server):
        self.proxy, self.device, self.server = proxy, device, server
        self.fetching = False
        self.left = None  # bytes until the cut
        self.head, self.body = b"", 0

    def ask(self):
        try:
            while data := self.device.recv(PIECE):
                if self.proxy.reads:
                    self.note(data)
                self.server.sendall(data)
        except OSError:
            pass
        self.end()

    def note(self, data):
        while data:
            skipped = min(self.body, len(data))
            data, self.body = data[skipped:], self.body - skipped
            self.head += data
            if HEAD_END not in self.head:
                return
            head, data = self.head.split(HEAD_END, 1)
            self.head = b""
            request = Request(head)
            self.body = int(request.headers.get("content-length", 0))
            with self.proxy.lock:
                self.proxy.requests.append(request)
                self.fetching = bool(request.method == "GET" and
                                     self.proxy.file.search(request.path))
                self.left = self.proxy.cuts.pop(0) if self.fetching and self.proxy.cuts else None

    def answer(self):
        try:
            while data := self.server.recv(PIECE):
                if self.left is not None:
                    data = data[:self.left]
                    self.left -= len(data)
                self.device.sendall(data)
                if self.fetching:
                    self.proxy.file_bytes += len(data)
                    if self.proxy.trickle:
                        time.sleep(len(data) / self.proxy.trickle)
                if self.left == 0:
                    # A reset, not an orderly end.
                    self.device.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                           struct.pack("ii", 1, 0))
                    break
        except OSError:
            pass
        self.end()

    def end(self):
        for one in (self.device, self.server):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
