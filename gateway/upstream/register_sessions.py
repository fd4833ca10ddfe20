"""Keeps each session of the register to the one it was begun for.

A register knows people again by a cookie such as JSESSIONID, or by a parameter of that name in the path. Its value
gets a tag on the way to the browser and loses it on the way back: `TAG~VALUE`. What lacks the tag of whoever asks
does not reach the register.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from gateway.upstream.session_claims import SessionClaims
from gateway.upstream.session_tags import SEPARATOR, Owner, SessionTags

_AROUND: Final = b' \t"'
# Servers drop various signs around a name, of those that cannot be in one (RFC 9110 section 5.6.2).
_NO_TOKEN: Final = bytes(
    octet
    for octet in range(256)
    if octet not in b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
# PHP reads these as an underscore.
_UNDERSCORES: Final = bytes.maketrans(b". [", b"___")
_PREFIX: Final = rb"(?:__(?:host|secure)-)?"
_ESCAPED_NAME: Final = re.compile(rb"%[0-9A-Fa-f]{2}[^=;]*=")
# Servers that follow RFC 2109 also read a comma, and what stands in quotes; WebOb reads on behind whatever ends a value.
_INNER_NAMES: Final = (
    re.compile(rb"[,\s\"]([^,\s\"=]+)[\s\"]*="),
    re.compile(rb"[\[\\\]\x80-\xff]([!#$%&'*+\-.^_`|~0-9A-Za-z]++)[\s\"]*+="),
)
# Some servers decode a path before they look for parameters in it, or read several pairs in one parameter, or both.
_PARAMETER: Final = re.compile(rb"(;|%3[Bb])((?:(?!%3[Bb])[^;/])*)")
_INNER_PAIR: Final = re.compile(rb"(?:[&,]|%2[6Cc])((?:(?!%2[6Cc]|%3[Dd])[^&,=])*)(?:=|%3[Dd])")
_EQUALS: Final = re.compile(rb"=|%3[Dd]")
# Scheme and authority, path, and the rest of a URI reference (RFC 3986 appendix B).
_ADDRESS: Final = re.compile(rb"((?:[^:/?#]+:)?(?://([^/?#]*))?)([^?#]*)(.*)", re.DOTALL)
_USUAL_PORT: Final = re.compile(rb":(?:80|443)?$")
_REFRESH: Final = re.compile(rb"(\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?(['\"]?))(.*)", re.DOTALL | re.IGNORECASE)
_LIFETIME: Final = re.compile(rb";\s*(?:expires|max-age)\s*=[^;]*", re.IGNORECASE)
_COOKIES_KEPT: Final = 32
_LINES_KEPT: Final = 1_024
_LONGEST_LINE_KEPT: Final = 4_096
_LONGEST_COOKIE_KEPT: Final = 200


class RegisterSessions:
    """The session cookies of one register. `names` may end in `*`; upper and lower case are the same.

    `origins` are the URLs under which the gateway and the register are known: only addresses there get a tag. With
    `claims` a parameter in a path needs no tag, where nobody else came with it before.
    """

    def __init__(
        self,
        names: Iterable[str],
        tags: SessionTags,
        *,
        origins: Iterable[str],
        claims: SessionClaims | None = None,
    ) -> None:
        lower = [name.lower().encode("ascii").translate(_UNDERSCORES) for name in names]
        spelled = b"|".join(re.escape(name).replace(rb"\*", rb"[^=;,\s]*") for name in lower)
        literals = {name.rstrip(b"*") for name in lower}
        self._literals = tuple(
            name for name in literals if not any(other != name and other in name for other in literals)
        )
        self._spelled = re.compile(_PREFIX + b"(?:" + spelled + b")", re.IGNORECASE).fullmatch
        self._tags = tags
        self._claims = claims
        # A browser sends the same line again and again; under other keys it may mean something else.
        self._own_line = lru_cache(_LINES_KEPT)(lambda _keys, owner, line: self._read_line(owner, line))
        self._hosts = {_host(urlsplit(origin).netloc.encode("ascii")) for origin in origins}
        self._set: dict[tuple[bytes, bytes], None] = {}

    # Towards the register

    def own_cookies(self, owner: Owner, line: bytes) -> bytes:
        """The Cookie line with the sessions of this owner, without tags, and every other cookie as it came."""
        if not self._may_name_one(line):
            return line
        if len(line) > _LONGEST_LINE_KEPT:
            return self._read_line(owner, line)
        return self._own_line(self._tags.keys, owner, line)

    def _read_line(self, owner: Owner, line: bytes) -> bytes:
        kept = [piece for each in line.split(b";") if (piece := self._own_cookie(owner, each)) is not None]
        return b";".join(kept).lstrip(b" \t")

    def own_target(self, owner: Owner, target: bytes, cookies: bytes) -> bytes:
        """The request target with the sessions of this owner in its path, without tags, and without any other.

        A value without a tag passes where `cookies`, the line for the register, has it too: a page that the register
        wrote names the session that it just began.
        """
        path, mark, query = target.partition(b"?")
        if _PARAMETER.search(path) is None:
            return target
        known = set(self._values(cookies))

        def own(value: bytes, name: bytes) -> bytes | None:
            plain = self._untagged(owner, name, value)
            if plain is not None:
                return plain
            claims = self._claims
            return value if value in known or (claims is not None and claims.belongs(owner, value)) else None

        return self._replaced(path, own) + mark + query

    def _may_name_one(self, line: bytes) -> bool:
        """Asked of every Cookie line: as a rule some other cookie is in it."""
        lower = line.lower().translate(_UNDERSCORES)
        for name in self._literals:
            if name in lower:
                return True
        return b"%" in line and _ESCAPED_NAME.search(line) is not None

    def _is_name(self, name: bytes) -> bool:
        return self._spelled(name.translate(_UNDERSCORES)) is not None

    def _names_one(self, raw: bytes) -> bool:
        """Whether some server may read this as one of the names."""
        return self._is_name(unquote_to_bytes(raw).strip(_NO_TOKEN))

    def _own_cookie(self, owner: Owner, piece: bytes) -> bytes | None:
        """One piece of a Cookie line as the register gets it; None for a session that is not this owner's."""
        name, equals, value = _parts(piece)
        if not self._is_name(name):
            inner = (name for names in _INNER_NAMES for name in names.findall(piece))
            return None if any(map(self._names_one, inner)) else piece
        content = value.strip(_AROUND)
        plain = self._untagged(owner, name, content) if equals else None
        return None if plain is None else piece.replace(content, plain, 1)

    def _untagged(self, owner: Owner, name: bytes, value: bytes) -> bytes | None:
        tag, separator, plain = value.partition(SEPARATOR)
        if not separator or not self._tags.belongs(tag, owner, name, plain):
            return None
        return plain

    def _values(self, line: bytes) -> Iterator[bytes]:
        for piece in line.split(b";"):
            name, _, value = _parts(piece)
            if self._is_name(name):
                yield value.strip(_AROUND)

    # Towards the browser

    def tagged_cookie(self, owner: Owner, value: bytes) -> bytes:
        """The value of Set-Cookie, with a tag where it begins a session; nothing else changes."""
        pair, semicolon, attributes = value.partition(b";")
        name, equals, content = pair.partition(b"=")
        inner = content.strip(_AROUND)
        if not equals or not inner or not self._is_name(name.strip()):
            return value
        self._remember(name.strip(), semicolon + attributes)
        first = len(name + equals) + content.index(inner)
        return value[:first] + self._begun(owner, name.strip(), inner) + value[first:]

    def tagged_address(self, owner: Owner, header: bytes, value: bytes) -> bytes:
        """The value of this header (Location, Content-Location, Refresh), with tags on sessions in a path of this site."""
        before, address, after = b"", value, b""
        if header == b"refresh" and (found := _REFRESH.fullmatch(value)) is not None:
            before, quote, address = found.groups()
            if quote:
                address, closing, after = address.partition(quote)
                after = closing + after
        match = _ADDRESS.fullmatch(address)
        assert match is not None
        origin, authority, path, rest = match.groups()
        if origin and _host(authority or b"") not in self._hosts:
            return value

        def tagged(session: bytes, name: bytes) -> bytes:
            return self._begun(owner, name, session) + session if session else session

        return before + origin + self._replaced(path, tagged) + rest + after

    def expired(self, cookies: bytes) -> tuple[str, ...]:
        """Set-Cookie values that remove the register's sessions from a browser that sent these `cookies`.

        Path and domain are those with which the register set them, as far as this process has seen it.
        """
        known = {name for name, _ in self._set}
        names = {_parts(piece)[0] for piece in cookies.split(b";")}
        unknown = sorted(name for name in names - known if self._is_name(name) and _is_token(name))
        lines = [*self._set, *((name, b"; Path=/; Secure") for name in unknown)]
        return tuple(
            (name + b"=" + attributes + b"; Max-Age=0").decode("ascii") for name, attributes in lines
        )

    def _begun(self, owner: Owner, name: bytes, session: bytes) -> bytes:
        """What goes before the value of a session that the register gives to this owner."""
        if self._claims is not None:
            self._claims.begin(owner, session)
        return self._tags.make(owner, name, session) + SEPARATOR

    def _remember(self, name: bytes, attributes: bytes) -> None:
        key = (name, _LIFETIME.sub(b"", attributes).rstrip(b"; "))
        if key not in self._set and len(name + attributes) <= _LONGEST_COOKIE_KEPT:
            if (name + attributes).isascii():
                self._set[key] = None
            if len(self._set) > _COOKIES_KEPT:
                del self._set[next(iter(self._set))]

    def _replaced(self, path: bytes, change: Callable[[bytes, bytes], bytes | None]) -> bytes:
        """The path with each session changed: `change(value, name)` gives what it becomes, or None for nothing."""

        def replace(found: re.Match[bytes]) -> bytes:
            mark, parameter = found.groups()
            if any(map(self._names_one, _INNER_PAIR.findall(parameter))):
                return b""
            equals = _EQUALS.search(parameter)
            end = equals.start() if equals is not None else len(parameter)
            name = unquote_to_bytes(parameter[:end]).strip(_NO_TOKEN)
            if not self._is_name(name):
                return found[0]
            start = equals.end() if equals is not None else len(parameter)
            value = change(parameter[start:], name)
            return b"" if value is None else mark + parameter[:start] + value

        return _PARAMETER.sub(replace, path)


def _host(authority: bytes) -> bytes:
    """Host and port as they are compared, without a usual port."""
    return _USUAL_PORT.sub(b"", authority.lower())


def _is_token(name: bytes) -> bool:
    return not any(octet in _NO_TOKEN for octet in name)


def _parts(piece: bytes) -> tuple[bytes, bytes, bytes]:
    """(name, "=", value) of a piece of a Cookie line, as the most generous server reads it."""
    name, equals, value = piece.lstrip(_NO_TOKEN).partition(b"=")
    return unquote_to_bytes(name).strip(_NO_TOKEN), equals, value
