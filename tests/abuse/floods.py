# SPDX-License-Identifier: Apache-2.0
"""Clients that come in numbers, or never finish what they began; and the memory they leave."""
import random
import time

import otaru
import wire
from otaru import check

CONNECTIONS = 3000
AT_ONCE = 400
# What floods may leave behind: buffers that are kept for the next one, and the heap's slack (which
# sanitizers make large).
RSS_GROWTH_MAX_BYTES = 96 << 20
GOOD = b"GET /firmwareRetrieve?product=x&model=1 HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /ota/integration/check HTTP/1.1\r\nHost: h\r\n"
HALF_REQUESTS = (b"", b"G", b"GET /ota/south/check?dev_id=1 HTTP/1.1\r\nHost: h\r\nX",
                 POST + b"Content-Length: 500\r\n\r\n{",
                 POST + b"Transfer-Encoding: chunked\r\n\r\n5",
                 b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 100, b"\r\n" * 50)


class Floods:
    def __init__(self, server, dump):
        self.server, self.dump = server, dump
        self.rng = random.Random(20)

    def run(self):
        before = self.dump()
        self.opened_and_dropped()  # once to warm up: what is kept is kept from here on
        self.garbage()
        first = self.server.rss_bytes()
        for flood in (self.opened_and_dropped, self.garbage, self.half_closed, self.slow,
                      self.pipelined, self.opened_and_dropped):
            start = time.monotonic()
            what = flood()
            self.serves()
            yield f"{what} ({time.monotonic() - start:.1f} s)"
        growth = self.server.rss_bytes() - first
        check(growth < RSS_GROWTH_MAX_BYTES, "the floods left", growth, "bytes behind")
        check(self.dump() == before, "a flood has changed something")
        yield f"memory after the floods: {first >> 20} MiB and {growth / (1 << 20):+.1f}"

    def serves(self):
        check(self.server.alive(), "the flood ended the server")
        status, text, _ = otaru.Client(self.server).ask("GET", "/healthz")
        check(status == 200, "after the flood /healthz says", status, text)

    def opened_and_dropped(self):
        open_ones = []
        for number in range(CONNECTIONS):
            connection = otaru.raw_connection(self.server)
            connection.sendall(HALF_REQUESTS[number % len(HALF_REQUESTS)])
            open_ones.append(connection)
            if len(open_ones) >= AT_ONCE:
                open_ones.pop(self.rng.randrange(len(open_ones))).close()
        for connection in open_ones:
            connection.close()
        return f"{CONNECTIONS} connections opened and dropped, {AT_ONCE} at once"

    def garbage(self):
        for _ in range(300):
            bytes_ = self.rng.randbytes(self.rng.randrange(1, 20_000)) + b"\r\n\r\n"
            with otaru.raw_connection(self.server) as connection:
                try:
                    connection.sendall(bytes_)
                    connection.shutdown(1)
                    while connection.recv(1 << 16):
                        pass
                except OSError:
                    pass  # closed by the server while garbage was on its way
        return "300 connections of garbage"

    def half_closed(self):
        """The client has said all it will say; it is still answered."""
        for number in range(300):
            with otaru.raw_connection(self.server) as connection:
                connection.sendall(GOOD)
                connection.shutdown(1)
                answer = wire.Reader(connection).answer()
                check(answer and answer.status < 500, "half-closed", number, "was answered", answer)
        return "300 half-closed connections answered"

    def slow(self):
        """Heads that come byte by byte do not keep others from being served."""
        slow = [otaru.raw_connection(self.server) for _ in range(200)]
        for byte in b"GET /ota/south/check HTTP/1.1\r\n":
            for connection in slow:
                connection.sendall(bytes([byte]))
        self.serves()
        for connection in slow:
            connection.close()
        return "200 heads byte by byte"

    def pipelined(self):
        """Good requests, then garbage: the good ones are answered, the garbage ends it."""
        for _ in range(50):
            with otaru.raw_connection(self.server) as connection:
                connection.sendall(GOOD * 20 + b"\x00garbage\xff\r\n\r\n" + GOOD)
                reader, answers = wire.Reader(connection), []
                while answer := reader.answer():
                    answers.append(answer)
                statuses = [answer.status for answer in answers]
                check(len(answers) == 21 and statuses[-1] == 400 and set(statuses[:-1]) == {200},
                      "pipelined garbage:", statuses)
        return "50 pipelines that end in garbage"
