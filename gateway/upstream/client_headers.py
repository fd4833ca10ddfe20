"""The header lines of an answer as the client gets them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.caching.known_lines import RepeatedLines, parted, with_passing
from gateway.caching.object_memo import ObjectMemo
from gateway.cookies import of_every_environment
from gateway.http_semantics import HOP_BY_HOP, HeaderLine, HeaderLines, connection_options
from gateway.upstream.address_rewriter import ADDRESS_HEADERS, AddressRewriter
from gateway.upstream.caching import LOOKED_AT, private_lines
from gateway.upstream.register_sessions import RegisterSessions
from gateway.upstream.session_tags import NOBODY, Owner

_NAMES_NOTHING_ELSE: Final = (b"keep-alive", b"close")
_PERSONAL: Final = ADDRESS_HEADERS | {b"set-cookie"}
# Of the connection; and other addresses of the same pages, at which there may be no gateway (RFC 7838 section 3).
_LEFT_OUT: Final = HOP_BY_HOP | {b"alt-svc"}
_LOOKED_AT: Final = _LEFT_OUT | _PERSONAL | LOOKED_AT | {b"date"}
# What the Connection header cannot remove.
_ESSENTIAL: Final = frozenset(b"content-length content-type set-cookie location cache-control".split())
_FINAL: Final = 200
_MOST_KNOWN: Final = 512


class _Kept(NamedTuple):
    """Lines that go on; `said` are those that caches look at, `named` the names that Connection removes."""

    lines: list[HeaderLine]
    said: HeaderLines
    named: frozenset[bytes]
    has_date: bool


class _Known(NamedTuple):
    lines: RepeatedLines
    has_date: bool


class ClientHeaders:
    """Leaves out the lines of the connection, `Alt-Svc`, and cookies of the gateway (`own_cookies`), and adds Date.

    Addresses of the register's own are rewritten to those of `outside`. The register's own `sessions` get the tag of
    their owner, and no cache gives what is for one to another.
    """

    def __init__(
        self,
        own_cookies: str,
        sessions: RegisterSessions | None = None,
        outside: AddressRewriter | None = None,
    ) -> None:
        self._own_cookies = of_every_environment(own_cookies).encode("ascii")
        self._sessions = sessions
        self._outside = outside
        # By the request header that says for whom the answer is.
        self._known: ObjectMemo[RepeatedLines, dict[bytes, _Known] | None] = ObjectMemo(
            lambda repeated: {} if self._for_all(repeated) else None, _MOST_KNOWN
        )

    def __call__(
        self, headers: Sequence[HeaderLine], owner: Owner = NOBODY, status: int = 200
    ) -> Sequence[HeaderLine]:
        """The lines for the client. Those that came before belong to one status."""
        repeated, passing = parted(headers)
        by_credential = self._known(repeated) if repeated is not None else None
        if repeated is None or by_credential is None:
            kept = self._kept(headers, owner)
            lines = kept.lines + self._private(kept, owner, status)
            return lines if kept.has_date else [*lines, _date_line()]
        known = by_credential.get(owner.credential)
        if known is None:
            kept = self._kept(repeated, owner)
            known = _Known(RepeatedLines(kept.lines + self._private(kept, owner, status)), kept.has_date)
            by_credential[owner.credential] = known
        if not known.has_date and b"date" not in [name for name, _ in passing]:
            passing = (*passing, _date_line())
        return with_passing(known.lines, passing)

    def _for_all(self, repeated: RepeatedLines) -> bool:
        """Whether all get the same of these lines, and all of those that pass with them."""
        if any(name in _PERSONAL for name, _ in repeated):
            return False
        return not self._kept(repeated, NOBODY).named

    def _kept(self, headers: Sequence[HeaderLine], owner: Owner) -> _Kept:
        sessions, outside = self._sessions, self._outside
        said: list[HeaderLine] = []
        named: set[bytes] = set()
        has_date = False
        kept: list[HeaderLine] = []
        for line in headers:
            name = line[0]
            if name in _LOOKED_AT:
                value = line[1]
                if name == b"date":
                    has_date = True
                elif name in LOOKED_AT:
                    said.append(line)
                elif name in ADDRESS_HEADERS:
                    if outside is not None:
                        value = outside.header(name, value)
                    if sessions is not None and (b";" in value or b"%3" in value):
                        value = sessions.tagged_address(owner, name, value)
                    line = (name, value)  # noqa: PLW2901
                elif name != b"set-cookie":
                    if name == b"connection" and value not in _NAMES_NOTHING_ELSE:
                        named.update(connection_options(value))
                    continue
                elif value.lstrip(b" \t=").startswith(self._own_cookies):
                    continue
                else:
                    value = value if outside is None else outside.cookie(value)
                    line = (name, value if sessions is None else sessions.tagged_cookie(owner, value))  # noqa: PLW2901
            kept.append(line)
        named -= _ESSENTIAL
        if named:
            kept = [line for line in kept if line[0] not in named]
            said = [line for line in said if line[0] not in named]
            has_date = has_date and b"date" not in named
        return _Kept(kept, tuple(said), frozenset(named), has_date)

    def _private(self, kept: _Kept, owner: Owner, status: int) -> list[HeaderLine]:
        if not owner.credential or status < _FINAL:
            return []
        return list(private_lines(status, kept.said, owner.credential))


def _date_line() -> HeaderLine:
    return b"date", _date(int(time.time()))


@lru_cache(maxsize=1)
def _date(seconds: int) -> bytes:
    return formatdate(seconds, usegmt=True).encode("ascii")
