"""What caches may keep of an answer that is for one person, where the register doesn't say (RFC 9111)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from gateway.http_semantics import HeaderLines, media_type

LOOKED_AT: Final = frozenset((b"cache-control", b"content-type", b"expires", b"vary"))
_NOT_MODIFIED: Final = 304
_PAGES: Final = (b"text/html", b"application/xhtml+xml", b"")
_NO_STORE: Final = (b"cache-control", b"no-store")
_ASK_FIRST: Final = (b"cache-control", b"private, no-cache")
_PRIVATE: Final = (b"cache-control", b"private")
# A directive, and its argument: with one, `private` and `no-cache` are about some fields only (RFC 9111 section 5.2.2).
_DIRECTIVE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9a-z-]+)(?:[ \t]*=[ \t]*(\"(?:[^\"\\]|\\.)*\"|[^,\"]*))?")
_SAYS_ENOUGH: Final = frozenset(b"public max-age s-maxage no-store private no-cache".split())
# Longer values come from a register that has gone wrong.
_LONGEST_KEPT: Final = 1_024


def private_lines(status: int, lines: HeaderLines, credential: bytes) -> HeaderLines:
    """The header lines to add to an answer.

    `lines` are those of `LOOKED_AT` that the register sent; `credential` is the request header that says for whom the
    answer is. Without a Cache-Control that says who may keep it, or for how long, any cache may keep an answer for a while (section 4.2.2), and section
    3.5 protects only those to a request with Authorization.
    """
    short = sum([len(value) for _, value in lines]) <= _LONGEST_KEPT
    return (_known if short else _private_lines)(status, lines, credential)


def _private_lines(status: int, lines: HeaderLines, credential: bytes) -> HeaderLines:
    said: dict[bytes, bytes] = {}
    for name, value in lines:
        said[name] = b"%b, %b" % (said[name], value) if name in said else value
    control = _directives(said.get(b"cache-control", b""))
    if not control.isdisjoint(_SAYS_ENOUGH):
        one_person = not control.isdisjoint((b"private", b"no-cache")) and b"no-store" not in control
        return _varying(said, credential) if one_person else ()
    if status == _NOT_MODIFIED:
        return ()
    if said.get(b"expires", b"").strip():
        return (_PRIVATE, *_varying(said, credential))
    kind = media_type(said.get(b"content-type"))
    return (_NO_STORE,) if kind in _PAGES else (_ASK_FIRST, *_varying(said, credential))


_known = lru_cache(maxsize=1024)(_private_lines)


def _directives(control: bytes) -> frozenset[bytes]:
    """What a Cache-Control says of the whole answer; not what it says of some of its fields."""
    found = _DIRECTIVE.findall(control.lower())
    return frozenset(name for name, of in found if not of or name not in (b"private", b"no-cache"))


def _varying(said: Mapping[bytes, bytes], credential: bytes) -> HeaderLines:
    """A browser must not show one person what it keeps of another, nor ask with their validators (section 4.1)."""
    named = {name.strip() for name in said.get(b"vary", b"").lower().split(b",")}
    return () if credential in named or b"*" in named else ((b"vary", credential),)
