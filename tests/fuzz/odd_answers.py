"""Octets that registers send, from right over odd to wrong. EVIL marks what belongs to no answer."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.odd_requests import ENDS, LITTLE, chunked, mutated

EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"
STATUS_LINES = st.sampled_from(
    [b"HTTP/1.1 200 OK"] * 12
    + [
        b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 404 Not Found", b"HTTP/1.1 500 Oops", b"HTTP/1.1 302 Found",
        b"HTTP/1.1 206 Partial", b"HTTP/1.1 205 Reset", b"HTTP/1.1 299 ", b"HTTP/1.1 200", b"HTTP/1.0 200 OK", b"HTTP/1.0 204 None",
        b"HTTP/1.1 600 Much", b"HTTP/1.1 099 Little", b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1  200 OK", b"HTTP/2.0 200 OK",
        b"HTTP/0.9 200 OK", b"http/1.1 200 OK", b"HTTP/1.1 101 Switching", b"HTTP/1.1 \xe9", b"ICY 200 OK", b"RTSP/1.0 200 OK",
        b"GET / HTTP/1.1", b"HTTP/1.1 200 \x00", b"HTTP/1.1 200 \xe9\xff", b"HTTP/1.1\t200 OK", b"\r\nHTTP/1.1 200 OK",
    ]
)  # fmt: skip
LINES = st.sampled_from(
    [
        b"A: b", b"Content-Type: text/html", b"Connection: close", b"Connection: keep-alive", b"Connection: content-length", b"Keep-Alive: x",
        b"Connection: upgrade\r\nUpgrade: websocket", b"Set-Cookie: __Host-tgp-ti-session=x", b"Set-Cookie: a=b", b"Trailer: X", b"X-A: b\r\n c",
        b"X-A : b", b"X-A \t: b", b"X A: b", b": b", b"X-A", b"X\x00A: b", b"X-A: \x00", b"X-A: \x7f", b"X-A: \xe9\xff", b"X-A: b\nX-B: c",
        b"X-A: b\rX-B: c", b"Strict-Transport-Security: max-age=0", b"X-Request-Id: evil", b"Date: now", b"Www-Authenticate: Negotiate",
        b"Clear-Site-Data: \"cookies\"", b"X-Big: " + b"a" * 100_000, b"X-Bigger: " + b"a" * 140_000, b"X_A: b", b" X: b", b"Upgrade: h2c",
        b"Content-Length : 3", b"Transfer-Encoding : chunked", b"Proxy-Authenticate: NTLM", b"\r\n".join(b"X-%d: b" % n for n in range(500)),
    ]
)  # fmt: skip
LENGTHS = st.sampled_from(
    [b"%d"] * 8 + b"+%d|-%d|0%d|%d, %d|%d %d|%d;|%d\x00|1%d|99999999999999999999||%d \t".split(b"|")
)
CODINGS = st.sampled_from(
    [b"chunked"] * 6
    + b"Chunked|chunked, chunked|gzip, chunked|chunked, gzip|identity|xchunked|gzip||chunked\t".split(b"|")
)
BODIES = st.sampled_from([b"", b"abc", b"x" * 300, EVIL, b"0\r\n\r\n", b"y" * 70_000, b"z" * 300_000])
INTERIM = st.sampled_from(
    [b""] * 10
    + [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" * 3,
    ]
    + [
        b"HTTP/1.1 103 Early\r\nX-A : b\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 40,
        b"HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\n",
    ]
)


@st.composite
def one_answer(draw: st.DrawFn) -> bytes:
    """An answer, right or wrong."""
    lines = draw(st.lists(LINES, max_size=3))
    body = draw(BODIES)
    framing = draw(
        st.sampled_from(
            ["none", "none", "length", "length", "length", "chunked", "chunked", "chunked", "both", "twice"]
        )
    )
    if framing in ("length", "both", "twice"):
        size = max(0, len(body) + draw(st.sampled_from([0] * 8 + [1, -1, 5, 1000])))
        lines.append(b"Content-Length: " + draw(LENGTHS).replace(b"%d", b"%d" % size))
        if framing == "twice":
            lines.append(lines[-1])
    if framing in ("chunked", "both"):
        lines.append(b"Transfer-Encoding: " + draw(CODINGS))
        body = draw(chunked(body))
    octets = draw(INTERIM) + draw(STATUS_LINES) + draw(ENDS)
    for line in draw(st.permutations(lines)):
        octets += line + draw(ENDS)
    return octets + draw(ENDS) + body


@st.composite
def plain_answer(draw: st.DrawFn) -> bytes:
    """An answer that is right, to anything but HEAD."""
    head = b"HTTP/1.1 200 OK\r\nX-Request-Id: evil\r\n"
    body = draw(BODIES)
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return b"HTTP/1.1 204 No Content\r\n\r\n"
    if kind == 1:
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    if kind == 2:
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + draw(chunked(body))
    return head + b"\r\n" + body


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """All that a register sends after one request: an answer, sometimes with octets changed, cut off, or followed by more."""
    octets = draw(st.one_of(one_answer(), plain_answer()))
    if draw(st.integers(0, 3)) == 0:
        octets = mutated(
            octets, draw(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), LITTLE), max_size=3))
        )
    what = draw(st.sampled_from(["whole", "whole", "cut", "more"]))
    if what == "cut":
        octets = octets[: draw(st.integers(0, len(octets)))]
    if what == "more":
        octets += draw(
            st.sampled_from([EVIL, b"EVIL", b"\r\n", b"\r\n" + EVIL, b"0\r\n\r\n" + EVIL, b"\x00"])
        )
    return octets
