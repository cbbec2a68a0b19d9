# SPDX-License-Identifier: Apache-2.0
"""How a right request is spoilt."""
import copy
import json

import doors
import wire

KIB, MIB = 1 << 10, 1 << 20
DEEP = 20_000
MARKER = b"GET /marker HTTP/1.1\r\nHost: h\r\n\r\n"

# Values as they stand in a target: percent-encoded where they could not be sent.
QUERY_VALUES = {
    "empty": "", "1 KiB": "x" * KIB, "control": "%01%02%1f", "NUL": "a%00b",
    "not UTF-8": "%ff%fe", "half an escape": "%", "no escape": "%zz", "line": "%0d%0aX: y".replace(
        " ", "%20"), "negative": "-1", "huge": "9" * 30, "exponent": "1e999",
    "path": "../../../etc/passwd", "quote": "%27%22;--", "brace": "%7b%7d", "blank": "+",
    "surrogate": "%ed%a0%80"}
# Values as raw JSON text; what is no UTF-8 stands as surrogate escapes.
JSON_VALUES = {
    "empty": '""', "null": "null", "true": "true", "number": "7", "negative": "-1",
    "fraction": "1.5", "huge": "9" * 40, "exponent": "1e999", "array": "[]", "object": "{}",
    "nested": "[[[{}]]]", "1 KiB": '"' + "x" * KIB + '"', "100 KiB": '"' + "x" * 100 * KIB + '"',
    "control": '"a\x01b"', "NUL": '"a\\u0000b"', "raw NUL": '"a\x00b"', "line": '"a\\r\\nb"',
    "surrogate": '"\\ud800"', "not UTF-8": '"\udcff\udcfe"', "path": '"../../../etc/passwd"',
    "bare": "word"}
FRAMINGS = {
    "both lengths": {"Content-Length": "3", "Transfer-Encoding": "chunked"},
    "two lengths": {"Content-Length": "3", "content-length": "44"},
    "list of lengths": {"Content-Length": "3, 44"}, "signed": {"Content-Length": "+3"},
    "negative": {"Content-Length": "-3"}, "huge": {"Content-Length": "9" * 30},
    "text": {"Content-Length": "three"}, "empty": {"Content-Length": ""},
    "gzip": {"Transfer-Encoding": "gzip"}, "xchunked": {"Transfer-Encoding": "xchunked"},
    "twice": {"Transfer-Encoding": "chunked, chunked"},
    "tab": {"Transfer-Encoding": "\tchunked\x0b"},
    "blank before colon": {"Transfer-Encoding ": "chunked"}}
HEADERS = {
    "Host": ("", "a b", "../..", "x" * 5000, "evil/<script>", "h\x01"),
    "Range": ("bytes=0-", "bytes=-0", "bytes=9-1", "bytes=" + "0-0," * 2000, "bytes=a-b",
              "lines=1-2", "bytes=0-" + "9" * 40, "=", "bytes=\xff"),
    "Authorization": ("", "Basic", "Basic ????", "Basic " + "A" * 10_000, "Bearer x", "version",
                      "version=2018-10-31&res=&et=&method=&sign=", "=" * 500, "&" * 500,
                      doors.ONENET_AUTH.replace("sha1", "none"), doors.ONENET_AUTH[:-9] + "AAAA"),
    "Cookie": ("guid=" + "x" * 5000, "guid=%00; aat=%ff", "=;=;=;", "guid=\x01", ";" * 999)}


class Case:
    """`any_form`: the request is no HTTP, or none of the dialect's: plain words will do."""

    def __init__(self, what, request, key="", head_only=False, any_form=False):
        self.what, self.request, self.key = what, request, key
        self.head_only, self.any_form = head_only, any_form


def leaves(value, path=()):
    """The paths of all members and elements."""
    items = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield path + (name,)
        yield from leaves(inner, path + (name,))


def spoilt(body, path, text=None):
    """The JSON text of `body` with raw `text` at `path`, or without it."""
    out = copy.deepcopy(body)
    at = out
    for name in path[:-1]:
        at = at[name]
    if text is None:
        del at[path[-1]]
        return json.dumps(out).encode()
    at[path[-1]] = "@@@"
    return json.dumps(out).replace('"@@@"', text, 1).encode("utf-8", "surrogateescape")


class Maker:
    """The cases of one route."""

    def __init__(self, door, first_number):
        self.door, self.number = door, first_number

    def fresh(self):
        """The right request for a device that nobody has seen: (key, query, body)."""
        self.number += 1
        key = f"{self.number:032X}" if self.door.dialect == "oomi" else f"case-{self.number}"
        query, body = dict(self.door.query), copy.deepcopy(self.door.body)
        if self.door.key in query:
            query[self.door.key] = key
        elif self.door.key:
            body[self.door.key] = key
        return key, query, body

    def request(self, query, text, headers=None, method=None):
        target = query if isinstance(query, str) else self.door.target(query)
        given = {**self.door.headers, **(headers or {})}
        return wire.head(method or self.door.method, target, given, text) + text

    def queries(self):
        for name in self.door.query:
            key, query, body = self.fresh()
            rest = {k: v for k, v in query.items() if k != name}
            yield Case(f"{name} missing", self.request(rest, self.door.text(body)), key)
            for what, value in QUERY_VALUES.items():
                key, query, body = self.fresh()
                rest = {k: v for k, v in query.items() if k != name}
                target = self.door.target(rest) + ("&" if rest else "?") + name + "=" + value
                yield Case(f"{name} {what}", self.request(target, self.door.text(body)), key)
            key, query, body = self.fresh()
            target = self.door.target(query) + f"&{name}=other&{name}=third"
            yield Case(f"{name} three times", self.request(target, self.door.text(body)), key)
        for what, more in {"1 MiB": "x=" + "y" * MIB,
                           "3000 parameters": "&".join(f"p{i}=1" for i in range(3000))}.items():
            key, query, body = self.fresh()
            target = self.door.target(query) + ("&" if query else "?") + more
            request = self.request(target, self.door.text(body))
            yield Case(f"query: {what}", request, key, any_form=True)

    def bodies(self):
        if self.door.body is not None:
            for path in list(leaves(self.door.body)):
                for what, text in {"missing": None, **JSON_VALUES}.items():
                    key, query, body = self.fresh()
                    yield Case(f"{path} {what}", self.request(query, spoilt(body, path, text)), key)
        for what, text in self.whole_bodies().items():
            key, query, _ = self.fresh()
            yield Case(f"body: {what}", self.request(query, text), key)
        for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x",
                     "application/x-www-form-urlencoded", "application/json;charset=gb2312", "",
                     "\xff\xfe", "x" * 1000):
            key, query, body = self.fresh()
            headers = {"Content-Type": kind}
            yield Case(f"content type {kind[:20]!r}",
                       self.request(query, self.door.text(body), headers), key)

    def whole_bodies(self):
        good = json.dumps(self.door.body or {}).encode()
        pairs = b",".join(b'"guid":"a%d"' % i for i in range(2000))
        return {"empty": b"", "brace": b"{", "bracket": b"[", "null": b"null", "text": b'"x"',
                "number": b"1e400", "array": b"[]", "object": b"{}", "garbage": bytes(range(256)),
                "NUL": b"\0" * 100, "cut off": good[:-1], "two": good + good,
                "UTF-16": good.decode().encode("utf-16"),
                "deep array": b"[" * DEEP + b"]" * DEEP,
                "deep object": b'{"a":' * DEEP + b"1" + b"}" * DEEP, "open": b"[" * DEEP,
                "same key": b"{" + pairs + b"}", "many values": b"[" + b"1," * 100_000 + b"1]",
                "request": MARKER, "1 MiB": b"x" * MIB, "1 MiB of blanks": b" " * MIB,
                "big text": b'{"guid":"' + b"x" * MIB + b'"}'}

    def methods(self):
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO",
                       "get", "X" * 200):
            for text in (b"", MARKER):
                key, query, _ = self.fresh()
                yield Case(f"method {method[:10]} with {len(text)} bytes",
                           self.request(query, text, None, method), key, method == "HEAD",
                           len(method) > 20)

    def framings(self):
        key, query, body = self.fresh()
        target, good = self.door.target(query), self.door.text(body) or b"{}"
        chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(good), good)

        def framed(what, headers, text, method=None, any_form=True):
            given = {**self.door.headers, **headers}
            head = wire.head(method or self.door.method, target, given)
            return Case(what, head + text, "", False, any_form)
        chunked = {"Transfer-Encoding": "chunked"}
        yield framed("chunked", chunked, chunk, any_form=False)
        yield framed("chunk extensions", chunked, chunk.replace(b"\r\n", b";a=b\r\n", 1))
        yield framed("chunked, wrong method", chunked, chunk, "PATCH", False)
        yield framed("chunked, too large", chunked, b"%x\r\n" % (64 * MIB) + b"x" * 70_000)
        for what, text in {"bare LF": chunk.replace(b"\r\n", b"\n"), "no size": b"\r\n" + chunk,
                           "negative": b"-1\r\n", "hex": b"0x5\r\nhello\r\n0\r\n\r\n",
                           "overflow": b"f" * 20 + b"\r\n", "blank": b" 5\r\nhello\r\n0\r\n\r\n",
                           "long size": b"0" * 5000 + b"5\r\nhello\r\n0\r\n\r\n",
                           "marker": b"zz\r\n" + MARKER}.items():
            yield framed(f"chunks: {what}", chunked, text)
        for what, headers in FRAMINGS.items():
            yield framed(f"framing: {what}", headers, b"0\r\n\r\n" + MARKER)
        yield framed("10 GiB announced", {"Content-Length": str(10 << 30)}, b"x" * 100_000)
        yield framed("header flood", {f"X-{i}": "y" for i in range(2000)}, b"")
        yield framed("long header", {"X-Long": "y" * MIB}, b"")
        yield framed("folded", {"X-A": "b\r\n folded"}, b"")
        yield framed("NUL in a header", {"X-A": "b\x00c"}, b"")
        for name, values in HEADERS.items():
            for value in values:
                yield framed(f"{name} {value[:12]!r}", {name: value}, b"")

    def all(self):
        for make in (self.queries, self.bodies, self.methods, self.framings):
            yield from make()
