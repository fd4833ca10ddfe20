"""What caches may keep of an answer that is for one person, where the register doesn't say (RFC 9111)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

LOOKED_AT: Final = frozenset((b"cache-control", b"content-type", b"expires", b"vary"))
_NOT_MODIFIED: Final = 304
_PAGES: Final = (b"text/html", b"application/xhtml+xml", b"")
_NO_STORE: Final = (b"cache-control", b"no-store")
_ASK_FIRST: Final = (b"cache-control", b"private, no-cache")
_PRIVATE: Final = (b"cache-control", b"private")


@lru_cache(maxsize=1024)
def private_lines(
    status: int, lines: tuple[tuple[bytes, bytes], ...], credential: bytes
) -> tuple[tuple[bytes, bytes], ...]:
    """The header lines to add to an answer.

    `lines` are those of `LOOKED_AT` that the register sent; `credential` is the request header that says for whom the
    answer is. Without Cache-Control any cache may keep an answer for a while (section 4.2.2), and section
    3.5 protects only those to a request with Authorization.
    """
    said: dict[bytes, bytes] = {}
    for name, value in lines:
        said[name] = b"%b, %b" % (said[name], value) if name in said else value
    control = said.get(b"cache-control", b"").strip()
    if control:
        kept = control.lower()
        one_person = (b"private" in kept or b"no-cache" in kept) and b"no-store" not in kept
        return _varying(said, credential) if one_person else ()
    if status == _NOT_MODIFIED:
        return ()
    if said.get(b"expires", b"").strip():
        return (_PRIVATE, *_varying(said, credential))
    kind = said.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return (_NO_STORE,) if kind in _PAGES else (_ASK_FIRST, *_varying(said, credential))


def _varying(said: Mapping[bytes, bytes], credential: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """A browser must not show one person what it keeps of another, nor ask with their validators (section 4.1)."""
    named = {name.strip() for name in said.get(b"vary", b"").lower().split(b",")}
    return () if credential in named or b"*" in named else ((b"vary", credential),)
