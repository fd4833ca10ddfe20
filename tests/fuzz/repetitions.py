"""Conversations of few different things that come again and again, hardly changed: what a gateway remembers is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

ANNA, BERT = b"{anna}", b"{bert}"
"""Stand for the session cookies of two people."""

_METHODS = [b"GET"] * 10 + [b"HEAD"] * 4 + [b"POST", b"DELETE"]
_TARGETS = [
    b"/open/a", b"/read", b"/right", b"/told", b"/rest", b"/open/b", b"/open/%61", b"https://gw.test/open/a", b"/oauth2/none",
]  # fmt: skip
_HOSTS = [b"Host: gw.test"] * 6 + [b"Host: GW.test:443", b"host:gw.test"]
_COOKIES = [
    b"Cookie: {anna}", b"Cookie: {bert}", b"Cookie: a=b; {anna}", b"Cookie: JSESSIONID=x; {bert}", b"Cookie: a=b", b"X-A: 1",
]  # fmt: skip
_LINES = [
    b"Accept: text/html", b"Accept: */*", b"Accept-Language: nl", b"Accept-Language: en", b"Sec-Fetch-Mode: navigate", b"Sec-Purpose: prefetch",
    b"Referer: https://gw.test/a", b"Referer: https://gw.test/b", b"referer:x", b"Referer: ", b"Referer: x\t", b"Referer: \xe9", b"Referer:  x",
    b'If-None-Match: "a"', b'If-None-Match: "b"', b"If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT", b"Authorization: Basic eA==",
    b"Connection: keep-alive", b"Connection: referer", b"Connection: if-none-match, cookie", b"Connection: x-a", b"TE: trailers", b"Expect: 100-continue",
    b"Content-Length: 0", b"Content-Length: 00", b"X-A: 1", b"X-A: 2", b"x-a: 1", b"X-A:1", b"X_A: 1", b"X-Forwarded-User: carl", b"X-Auth-Name: Carl",
    b"X-Forwarded-For: 192.0.2.1", b"X-Forwarded-For: 192.0.2.2", b"X-Request-Id: abcdefgh1", b"Origin: https://gw.test", b"Origin: https://other.test",
]  # fmt: skip
_ODD_METHODS = b"OPTIONS PRI PRI get G\xc9T TRACE CONNECT FOO".split(b" ")
_ODD_TARGETS = [b"/open/a;b", b"//open/a", b"/open/../rest", b"*", b"/open/a#", b"/open/<", b"https://other.test/a", b"open"]  # fmt: skip
_ODD_HOSTS = [b"Host: other.test", b"Host: gw.test:80", b"X: y", b"Host : gw.test", b"Host: gw.test\r\nHost: gw.test"]  # fmt: skip
_ODD_LINES = [
    b"Connection: close", b"Upgrade: websocket", b"Content-Length: 3", b"Transfer-Encoding: chunked", b"Max-Forwards: 1", b"Authorization: Bearer x",
    b"Cookie: {anna}; {bert}", b"Cookie: {anna}\r\nCookie: {anna}", b"Referer: a\r\n b", b"X-A: b\r\n c", b"X-A: b\nX-B: c", b"Referer : x", b"Referer: a\rb",
    b"Connection: close, upgrade", b"Content-Length: +3",
]  # fmt: skip
_ODD_VERSIONS = [b"HTTP/1.0", b"HTTP/2.0"]
_ODD_BODIES = [b"", b"abc", b"\r\n", b"0\r\n\r\n"]
_STATUSES = [b"200 OK"] * 8 + [
    b"204 No Content", b"304 Not Modified", b"404 Not Found", b"302 Found", b"205 Reset", b"200", b"500 Oops",
]  # fmt: skip
_ANSWER_LINES = [
    b"Content-Type: text/html", b"Content-Type: image/png", b"Content-Type: application/json", b"Cache-Control: max-age=5", b"Cache-Control: private",
    b"Cache-Control: no-store", b"Vary: Accept", b"Vary: Cookie", b"Expires: 0", b'ETag: "a"', b'ETag: "b"', b"etag:x", b"ETag: ", b"ETag: x ", b"ETag: a\r\n b",
    b"Last-Modified: x", b"X-Request-Id: evil", b"Date: now", b"Date: then", b"Connection: close", b"Connection: keep-alive", b"Connection: etag",
    b"Connection: date, x-a", b"Connection: content-length", b"X-A: 1", b"X-A: 2", b"X-A : 1", b"Set-Cookie: a=b", b"Set-Cookie: JSESSIONID=y; Path=/",
    b"Location: /read", b"Location: /a;jsessionid=z", b"Www-Authenticate: Negotiate", b"Www-Authenticate: Basic", b"Alt-Svc: h2", b"Upgrade: h2c",
    b"Strict-Transport-Security: max-age=0", b"Keep-Alive: timeout=5", b"Trailer: x", b"Access-Control-Allow-Origin: *",
]  # fmt: skip


class Scripted(NamedTuple):
    """An answer of the register. `cuts` are where it is cut into pieces."""

    head: bytes
    body: bytes
    cuts: tuple[int, ...]
    closes: bool


@dataclass(frozen=True)
class Step:
    """What one client sends, over the connection with this number. Before that the session of `ends` ends, and that of
    `renamed` goes on under another name; b"" for nobody's.
    """

    connection: int
    pieces: tuple[bytes, ...]
    ends: bytes
    renamed: bytes


def pieces_of(octets: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The octets, cut at these places."""
    places = sorted({cut % (len(octets) + 1) for cut in cuts})
    cut = zip([0, *places], [*places, len(octets)], strict=True)
    return [octets[first:last] for first, last in cut if first != last]


class Repetitions:
    """One conversation. The register answers a request with the answer that has the number in its query."""

    def __init__(self, source: Random) -> None:
        self._source = source
        self._oddness = source.choice([0.0, 0.02, 0.15])
        usual = source.sample(_ANSWER_LINES, source.randint(0, 3))
        self.answers = [self._answer(usual) for _ in range(4)]
        common = [self._some(_HOSTS, _ODD_HOSTS), source.choice(_COOKIES)]
        common += source.sample(_LINES, source.randint(0, 2))
        self._blocks = [self._block(common) for _ in range(3)]
        self._targets = [self._some(_TARGETS, _ODD_TARGETS) for _ in range(source.randint(1, 2))]
        self._methods = [b"GET", b"GET", source.choice(_METHODS), source.choice(_METHODS)]
        self._numbers = source.choice([[0], [0, 0, 1], [0, 1, 2, 3]])
        connections = source.choice([[0], [0, 0, 1], [0, 1, 2]])
        self.steps = [self._step(connections) for _ in range(source.randint(5, 20))]

    def _some(self, usual: Sequence[bytes], odd: Sequence[bytes]) -> bytes:
        return self._source.choice(odd if self._source.random() < self._oddness else usual)

    def _answer(self, usual: list[bytes]) -> Scripted:
        source, lines = self._source, list(usual)
        pick = source.choice
        if source.random() < 0.4:
            lines.insert(source.randint(0, len(lines)), pick(_ANSWER_LINES))
        body, framing, status = pick([b"", b"abc", b"x" * 50]), pick(["length"] * 6 + ["chunked", "none"]), pick(_STATUSES)  # fmt: skip
        bodiless = status[:3] in (b"204", b"304")
        if framing == "length" and not (bodiless and source.random() < 0.7):
            size = max(0, len(body) + pick([0] * 30 + [1, -1]))
            lines.insert(source.randint(0, len(lines)), b"Content-Length: %d" % size)
        elif framing == "chunked":
            lines.append(b"Transfer-Encoding: chunked")
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        if bodiless and source.random() < 0.9:
            body = b""
        cuts = tuple(source.randint(0, 300) for _ in range(pick([0, 0, 0, 0, 0, 0, 1, 3])))
        head = b"".join(line + b"\r\n" for line in (b"HTTP/1.1 " + status, *lines)) + b"\r\n"
        return Scripted(head, body, cuts, framing == "none" or source.random() < 0.02)

    def _block(self, common: list[bytes]) -> bytes:
        source, lines = self._source, list(common)
        for _ in range(source.choice([0, 1, 1, 2])):
            what, other = source.random(), self._some(_LINES, _ODD_LINES)
            if what < 0.4:
                lines.insert(source.randint(0, len(lines)), other)
            elif what < 0.6:
                lines[source.randrange(1, len(lines))] = source.choice([other, source.choice(_COOKIES)])
            elif what < 0.7:
                source.shuffle(lines)
        return b"".join(line + b"\r\n" for line in lines) + b"\r\n"

    def _request(self) -> bytes:
        source, oddness = self._source, self._oddness
        target, method = source.choice(self._targets), self._some(self._methods, _ODD_METHODS)
        if target != b"*":
            target += b"?%d" % source.choice(self._numbers)
        usual = method in _METHODS or source.random() < 0.7
        block = source.choice(self._blocks) if usual else b"\r\n"
        body = b"abc" if b"Length: 3" in block else b"3\r\nabc\r\n0\r\n\r\n" if b"chunked" in block else b""
        if source.random() < oddness:
            body = source.choice(_ODD_BODIES)
        octets = method + b" " + target + b" " + self._some([b"HTTP/1.1"], _ODD_VERSIONS) + b"\r\n" + block + body  # fmt: skip
        if source.random() < oddness / 2:
            at = source.randrange(len(octets))
            octets = octets[:at] + bytes([source.choice([0, 10, 13, 32, 58, 65, 255])]) + octets[at + 1 :]
        before = [b"\r\n", b"\n", b" ", b"\x00"] if source.random() < oddness / 3 else [b""]
        return source.choice(before) + octets

    def _step(self, connections: Sequence[int]) -> Step:
        source = self._source
        octets = b"".join(self._request() for _ in range(source.choice([1, 1, 1, 2, 3])))
        cuts = [source.randrange(len(octets)) for _ in range(source.choice([0, 0, 0, 0, 0, 0, 1, 3]))]
        ends, renamed = (source.choice([ANNA, BERT]) if source.random() < 0.05 else b"" for _ in range(2))
        return Step(source.choice(connections), tuple(pieces_of(octets, cuts)), ends, renamed)
