# SPDX-License-Identifier: Apache-2.0
"""Bytes to the server and back, read strictly: how many answers there were, and what they were."""
import otaru

PROBE = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def is_probe(self):
        return self.status == 200 and self.body == b"ok\n"

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:200]!r}"


class Torn(Exception):
    """What came is not a whole answer."""


class Reader:
    def __init__(self, connection):
        self.connection, self.buffer = connection, b""

    def fill(self):
        try:
            more = self.connection.recv(1 << 16)
        except ConnectionResetError:
            return False
        self.buffer += more
        return bool(more)

    def line(self):
        while b"\r\n" not in self.buffer:
            if not self.fill():
                raise Torn(self.buffer[:200])
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def take(self, size):
        while len(self.buffer) < size:
            if not self.fill():
                raise Torn(self.buffer[:200])
        out, self.buffer = self.buffer[:size], self.buffer[size:]
        return out

    def head(self):
        start = self.line().split(b" ", 2)
        if start[0] != b"HTTP/1.1" or len(start) < 2 or not start[1].isdigit():
            raise Torn(start)
        headers = {}
        while line := self.line():
            name, value = line.split(b":", 1)
            headers[name.strip().lower().decode()] = value.strip().decode("latin-1")
        return int(start[1]), headers

    def chunks(self):
        body = b""
        while True:
            size = int(self.line().split(b";")[0], 16)
            body += self.take(size)
            self.take(2)
            if size == 0:
                return body

    def answer(self, head_only=False):
        """The next answer, or None at the end of the connection."""
        if not self.buffer and not self.fill():
            return None
        status, headers = self.head()
        if status == 100:
            return self.answer(head_only)
        if head_only or status in (204, 304):
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, self.chunks())
        if "content-length" in headers:
            return Answer(status, headers, self.take(int(headers["content-length"])))
        while self.fill():
            pass
        body, self.buffer = self.buffer, b""
        return Answer(status, headers, body)


def head(method, target, headers, body=b""):
    lines = [f"{method} {target} HTTP/1.1".encode("latin-1")]
    given = {name.lower() for name in headers}
    if "host" not in given:
        lines.append(b"Host: ota.example.com")
    sized = given & {"content-length", "transfer-encoding", "transfer-encoding "}
    if (body or method in ("POST", "PUT", "PATCH")) and not sized:
        lines.append(b"Content-Length: %d" % len(body))
    lines += [f"{name}: {value}".encode("latin-1") for name, value in headers.items()]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def exchange(server, request, head_only=False):
    """Sends a request and a probe behind it; returns (answers, whether the connection ended).
    After the probe's answer nothing more is waited for."""
    with otaru.raw_connection(server) as connection:
        try:
            connection.sendall(request + PROBE)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered and closed before all of it was sent
        reader, answers = Reader(connection), []
        while len(answers) < 4:
            answer = reader.answer(head_only and not answers)
            if answer is None:
                return answers, True
            answers.append(answer)
            if answer.is_probe():
                return answers, False
        return answers, False
