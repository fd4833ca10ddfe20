"""Octets that clients send, from right over odd to wrong."""

from __future__ import annotations

from hypothesis import strategies as st

METHODS = st.sampled_from(
    [b"GET"] * 6
    + b"POST POST HEAD PUT DELETE OPTIONS PATCH CONNECT TRACE get G\xc9T GET\t PRI FOO".split(b" ")
)
TARGETS = st.sampled_from(
    [b"/x", b"/y?z=1", b"/a/b"] * 3
    + [
        b"*", b"/", b"https://gw.test/x", b"https://gw.test", b"https://other.test/x", b"http://gw.test/x", b"HTTPS://gw.test:443?x", b"gw.test:80", b"x",
        b"//x", b"/../x", b"/%2e%2e/x", b"/a%2fb", b"/a;b", b"/\xc3\xa9", b"/a b", b"/a\tb", b"/a#b", b"/a\x00b", b"?x", b"",
        b"/oauth2/session", b"/oauth2/none", b"/" + b"a" * 9_000, b"/x?" + b"%41" * 12_000, b"http:///x", b"/x?\x7f", b"/x\x80",
    ]
)  # fmt: skip
VERSIONS = st.sampled_from(
    [b"HTTP/1.1"] * 12
    + b"HTTP/1.0 HTTP/1.0 HTTP/0.9 HTTP/2.0 HTTP/1.2 HTTP/1.01 http/1.1 HTTP/1.1\t HTTP/11 HTTP/ HTTP/1,1 ICE/1.0".split(
        b" "
    )
)
HOSTS = st.sampled_from(
    [b"Host: gw.test"] * 12
    + [
        b"", b"Host:", b"Host: other.test", b"Host: GW.test:80", b"Host: [::1]", b"Host: [::1]:80", b"Host: gw.test\r\nHost: gw.test",
        b"Host : gw.test", b"Host:\tgw.test \t", b"Host: gw.test, gw.test", b"Host: gw.test/x", b"Host: a@gw.test", b" Host: gw.test",
    ]
)  # fmt: skip
LINES = st.sampled_from(
    [
        b"A: b", b"Accept: text/html", b"Connection: close", b"Connection: keep-alive", b"Connection: close, upgrade",
        b"Upgrade: websocket", b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAAA", b"uPgRaDe: x",
        b"Expect: 100-continue", b"Expect: 200-maybe", b"TE: trailers", b"Trailer: X-A", b"Max-Forwards: 0", b"Max-Forwards: 00000000000001",
        b"X-A: b\r\n c", b"X-A: b\r\n\tc: d", b" X-A: b", b"X-A : b", b"X A: b", b": b", b"X-A", b"X-A:", b"X\x00A: b", b"X-A: \x00",
        b"X-A: b\nContent-Length: 5", b"X-A: b\rContent-Length: 5", b"X-A: \x7f", b"X-A: \xe9\xff", b"X-A: \x0b", b"X_A: b", b"X-\xc3\xa9: b",
        b"Connection: content-length", b"Connection: host, cookie", b"Cookie: a=b", b"Cookie: a=b\r\nCookie: tgp-ti-session=c",
        b"Cookie: tgp-ti-session=" + b"A" * 43, b"Authorization: Bearer x", b"Content-Length : 5", b"Transfer-Encoding : chunked",
        b"Content_Length: 5", b"X-Forwarded-For: 1.2.3.4", b"Transfer-Encoding: chunked\x0b", b"\x0bTransfer-Encoding: chunked",
        b"Content-Type: application/x-www-form-urlencoded", b"Sec-Fetch-Mode: navigate", b"Keep-Alive: 5", b"Proxy-Connection: close",
        b"X-Big: " + b"a" * 9_000, b"X-Bigger: " + b"a" * 33_000, b"\r\n".join(b"X-%d: b" % number for number in range(101)),
    ]
)  # fmt: skip
LENGTHS = st.sampled_from(
    b"%d|+%d|-%d|0%d|0x%d|%d, %d|%d %d|%d;|'%d'|%d\x00|1%d|99999999999999999999|18446744073709551616|".split(
        b"|"
    )
)
CODINGS = st.sampled_from(
    b'chunked|chunked|chunked|chunked|Chunked|chunked, chunked|gzip, chunked|chunked, gzip|identity|xchunked|chunked;a|,chunked|"chunked"|chunked\x0b|'.split(
        b"|"
    )
)
BODIES = st.sampled_from(
    [
        b"",
        b"abc",
        b"0\r\n\r\n",
        b"GET /smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        b"a" * 300,
        b"\r\n\r\n",
        b"b" * 20_000,
    ]
)
SIZES = st.sampled_from(
    [b"%x"] * 12
    + b'%X|00%x|0x%x|-%x| %x|%x |%x;a=b|%x;a="b"|%x;\n|+%x|%xg|FFFFFFFFFFFFFFFFF%x|%x\x00'.split(b"|")
)
ENDS = st.sampled_from([b"\r\n"] * 24 + [b"\n", b"\r", b"", b"\r\r\n", b"\r\n\r\n"])
TRAILERS = st.sampled_from(
    [b""] * 8 + [b"X-A: b\r\n", b"Content-Length: 5\r\n", b"X-A: b\r\n c\r\n", b"X A\r\n", b"X-A : b\r\n"]
)
LITTLE = st.sampled_from(
    [b"\x00", b"\n", b"\r", b"\r\n", b" ", b"\t", b":", b"\xff", b"\x0b", b"0", b"GET ", b"", b"\r\n\r\n"]
)


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    """A body in chunks."""
    cut = draw(st.integers(0, len(body)))
    octets = b""
    for part in (body[:cut], body[cut:]):
        if part:
            size = draw(SIZES)
            octets += (size % len(part) if b"%" in size else size) + draw(ENDS) + part + draw(ENDS)
    return octets + b"0" + draw(ENDS) + draw(TRAILERS) + draw(ENDS)


@st.composite
def one_request(draw: st.DrawFn) -> bytes:
    """A request, right or wrong."""
    method = draw(METHODS)
    lines = [draw(HOSTS), *draw(st.lists(LINES, max_size=3))]
    body = draw(BODIES) if draw(st.booleans()) else b""
    framing = draw(
        st.sampled_from(["none", "length", "length", "chunked", "chunked", "both", "twice", "two"])
    )
    if framing in ("length", "both", "twice"):
        length = draw(LENGTHS) if draw(st.integers(0, 3)) == 0 else b"%d"
        wrong = draw(st.sampled_from([0] * 8 + [1, -1, 5]))
        size = max(0, len(body) + wrong)
        lines.append(b"Content-Length: " + length.replace(b"%d", b"%d" % size))
        if framing == "twice":
            lines.append(lines[-1])
    if framing in ("chunked", "both", "two"):
        lines.append(b"Transfer-Encoding: " + draw(CODINGS))
        if framing == "two":
            lines.append(b"Transfer-Encoding: chunked")
        body = draw(chunked(body))
    if draw(st.booleans()):
        lines = draw(st.permutations(lines))
    space = draw(st.sampled_from([b" "] * 12 + [b"  ", b"\t", b"\x0b"]))
    octets = method + space + draw(TARGETS) + space + draw(VERSIONS) + draw(ENDS)
    for line in lines:
        if line:
            octets += line + draw(ENDS)
    return octets + draw(ENDS) + (body if framing != "none" else b"")


def mutated(octets: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Octets with some of them replaced by others: (where, how many, by what)."""
    for where, many, other in edits:
        at = where % (len(octets) + 1)
        octets = octets[:at] + other + octets[at + many :]
    return octets


@st.composite
def conversations(draw: st.DrawFn) -> bytes:
    """What one client sends: requests one after the other, sometimes with a few octets changed."""
    before = draw(st.sampled_from([b""] * 8 + [b"\r\n", b"\r\n\r\n", b"\n", b" "]))
    parts = [before]
    for _ in range(draw(st.integers(1, 4))):
        parts.append(draw(one_request()) if draw(st.booleans()) else draw(plain_request()))
    octets = b"".join(parts)
    if draw(st.integers(0, 2)) == 0:
        octets = mutated(
            octets, draw(st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 3), LITTLE), max_size=3))
        )
    return octets


@st.composite
def plain_request(draw: st.DrawFn) -> bytes:
    """A request that is right."""
    method = draw(st.sampled_from([b"GET", b"GET", b"POST", b"PUT", b"HEAD"]))
    head = (
        method + b" /" + draw(st.sampled_from([b"x", b"y?z=1", b"a/b"])) + b" HTTP/1.1\r\nHost: gw.test\r\n"
    )
    kind = draw(st.integers(0, 2)) if method in (b"POST", b"PUT") else 0
    if kind == 0:
        return head + b"\r\n"
    body = draw(BODIES)
    if kind == 1:
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    return (
        head
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + (b"%x\r\n%b\r\n" % (len(body), body) if body else b"")
        + b"0\r\n\r\n"
    )


def cut_up(octets: bytes, cuts: list[int]) -> list[bytes]:
    """The octets in pieces, cut at these places."""
    places = sorted({cut % (len(octets) + 1) for cut in cuts})
    return [
        octets[first:last]
        for first, last in zip([0, *places], [*places, len(octets)], strict=True)
        if first != last
    ]


CUTS = st.one_of(st.just([]), st.lists(st.integers(0, 60_000), max_size=6), st.just(list(range(400))))
