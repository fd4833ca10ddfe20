"""The host name that a request came in under; names that are not this environment's are refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

from gateway.errors import BadRequest

Scheme = Literal["http", "https"]
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?")
_LAST_PORT = 65_535
_DEFAULT_PORT = {"http": "80", "https": "443"}


def host_name(text: str) -> str:
    """A host name with or without a port, in lower case. Raises ValueError that says what to write instead."""
    name = text.lower()
    match = _HOST.fullmatch(name)
    if match is None or (match[1] is not None and int(match[1]) > _LAST_PORT):
        raise ValueError(
            f"{text!r} is not a host name: write it in full and in ASCII, with or without a port, and without"
            " https://, a path or a star: register.example.be"
        )
    return name


def host_names(public_url: str, further: Iterable[str] = ()) -> tuple[str, ...]:
    """The names that people come by as rules see them, without the port that goes without saying; that of `public_url` first."""
    parts = urlsplit(public_url)
    usual = f":{_DEFAULT_PORT[_scheme(parts.scheme)]}"
    return tuple(dict.fromkeys(host_name(name).removesuffix(usual) for name in (parts.netloc, *further)))


def _scheme(text: str) -> Scheme:
    return "https" if text == "https" else "http"


class Authorities:
    """The host names of one environment, in the one spelling that rules and pages see."""

    def __init__(self, public_url: str, further: Iterable[str] = ()) -> None:
        self.scheme: Scheme = _scheme(urlsplit(public_url).scheme)
        names = host_names(public_url, further)
        self.public = names[0]
        self.names = frozenset(names)
        self._known = {spelling: name for name in names for spelling in self._spellings(name)}

    def _spellings(self, name: str) -> tuple[bytes, ...]:
        plain = name.encode("ascii")
        if ":" in name.rpartition("]")[2]:
            return (plain,)
        return (plain, plain + b":" + _DEFAULT_PORT[self.scheme].encode())

    def knows(self, host: str) -> bool:
        """Whether a request may name this host."""
        return host.lower().encode() in self._known

    def canonical(self, hosts: list[bytes]) -> str:
        """The one host of a request. Raises BadRequest for none, several or a foreign one (RFC 9112 3.2)."""
        if len(hosts) != 1:
            raise BadRequest(f"{len(hosts)} Host headers", code="host-not-one")
        known = self._known.get(hosts[0]) or self._known.get(hosts[0].rstrip(b" \t").lower())
        if known is None:
            raise BadRequest(f"host is not of this environment: {hosts[0][:80]!r}", code="host-unknown")
        return known
