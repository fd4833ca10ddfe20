"""A path that is let in means the same to every server that could stand behind the gateway."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.authority import Authorities
from gateway.edge.path import canonical_segments
from gateway.errors import BadRequest
from tests.fuzz.budget import budget

_DOTS = re.compile(r"[.\s\u200b\u00ad]+")


def _decoded(path: bytes) -> str:
    return unquote_to_bytes(path).decode("utf-8")


def as_servlet_container(path: bytes) -> str:
    """Path parameters go before decoding; then slashes are merged (Tomcat, Jetty)."""
    return re.sub("/+", "/", _decoded(b"/".join(part.split(b";")[0] for part in path.split(b"/"))))


def as_nginx(path: bytes) -> str:
    """Decoded, cut at a "#" or "?", slashes merged."""
    return re.sub("/+", "/", re.split("[?#]", _decoded(path.split(b"#")[0]))[0])


def as_apache(path: bytes) -> str:
    """Encoded slashes are decoded (AllowEncodedSlashes On), NUL ends the path."""
    return re.sub("/+", "/", _decoded(path).split("\0")[0])


def as_iis(path: bytes) -> str:
    """Backslashes are slashes, blanks and dots at the end of a segment mean nothing."""
    text = re.sub("/+", "/", _decoded(path).replace("\\", "/"))
    return "/".join(re.sub(r"(?<=[^.\s])[\s.]+$", "", part) for part in text.split("/"))


def as_folding_reader(path: bytes) -> str:
    """Signs that look alike are one (NFKC), signs that nobody sees go away."""
    text = unicodedata.normalize("NFKC", _decoded(path))
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf")


READERS = [as_servlet_container, as_nginx, as_apache, as_iis, as_folding_reader]
WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            ["a", "b", "c", "d", "e", "f", "a", "b", "c", "d", ".", "..", "...", "%2e", "%2E", "%252e", "%2525252e", "/", "%2f", "%5c", "\\", ";", "%3b", "%00", "%20", "%09", "%0a", "%7f", "+", "%2b", "#", "%23", "?", "%3f", "~", "%c3%a9", "%c0%ae", "%e2%80%8b", "%ef%bc%8e", "%ef%bc%8f", "%ef%bc%bc", "%ef%bc%9b", "%e2%80%a4", "%e2%80%a5", "%c2%ad", "%c2%85", "%c2%a0", "%ed%a0%80", "%f0%9f%98%80", "%u002e", "%", "%2", "%%2e", "%ef%bb%bf", "%e2%a0%80", "%ef%bc%85", "%25", "%32", "%65", "%66", "2e", "2f", "25"]
        ),
        st.characters(codec="utf-8").map(lambda sign: "".join(f"%{octet:02X}" for octet in sign.encode())),
        st.text(alphabet="/.%25eEfF;\\ab", max_size=6),
    ),
    max_size=8,
)  # fmt: skip


def admitted(text: str) -> tuple[bytes, tuple[str, ...]] | None:
    """The path and its segments, where it is let in."""
    raw = ("/" + text).encode("utf-8", "surrogatepass")
    try:
        return raw, canonical_segments(raw)
    except BadRequest:
        return None


@budget(100)
@given(words=WORDS)
def test_every_reader_sees_the_segments_that_rules_judge(words: list[str]) -> None:
    found = admitted("".join(words))
    if found is not None:
        for read in READERS:
            check(read, *found)


def check(read: Callable[[bytes], str], raw: bytes, segments: tuple[str, ...]) -> None:
    seen = read(raw)[1:].split("/")
    assert len(seen) == len(segments)
    assert all(part and not (_DOTS.fullmatch(part) and part != "...") for part in seen[:-1])
    assert seen[-1] not in (".", "..")
    if read is not as_folding_reader and read is not as_iis:
        assert tuple(seen) == segments


@budget(100)
@given(words=WORDS, times=st.integers(1, 4))
def test_decoding_again_finds_no_way_up(words: list[str], times: int) -> None:
    found = admitted("".join(words))
    if found is None:
        return
    text = "/".join(found[1])
    for _ in range(times):
        text = unquote_to_bytes(text).decode("utf-8", "replace")
        assert not {".", ".."} & set(re.split(r"[/\\]", text))
        assert ".." not in [part.split(";")[0] for part in re.split(r"[/\\]", text)]


@budget(100)
@given(
    words=st.lists(
        st.sampled_from([*"gw.test:80443[]@/%?# \t,;", "gw.test", "GW.TEST", "::1", "evil.test", ":443", "\u00e9", "\0"]), max_size=5
    )
)  # fmt: skip
def test_a_host_has_no_second_meaning(words: list[str]) -> None:
    known = Authorities("https://gw.test", ["[::1]:8443"])
    raw = "".join(words).encode("latin-1")
    try:
        host = known.canonical([raw])
    except BadRequest:
        return
    assert raw.rstrip(b" \t").lower() in {b"gw.test", b"gw.test:443", b"[::1]:8443"}
    assert host in ("gw.test", "[::1]:8443")
