"""Takes the gateway's own cookies out of a request: they are ours to read and never the register's to see."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NONE: Mapping[str, str] = MappingProxyType({})


def separate_cookies(lines: list[bytes], prefix: bytes) -> tuple[Mapping[str, str], bytes | None]:
    """(own cookies by name, the Cookie line for the register or None where nothing remains).

    Several Cookie lines are one list (RFC 9113 8.2.3). A name that comes twice is a tossed cookie: neither is
    believed. Names are compared as they are; what is not `name=value` is passed on untouched.
    """
    if len(lines) == 1 and prefix not in lines[0]:
        return _NONE, lines[0] or None
    own: dict[str, str] = {}
    twice: set[str] = set()
    rest: list[bytes] = []
    for piece in b"; ".join(lines).split(b";"):
        crumb = piece.strip(b" \t")
        if not crumb:
            continue
        name, equals, value = crumb.partition(b"=")
        name = name.rstrip(b" \t")
        if not name.startswith(prefix):
            # "=__Host-x=y" is what a browser sends for a nameless cookie: a register might read it as ours.
            if not (name == b"" and value.lstrip(b" \t").startswith(prefix)):
                rest.append(crumb)
            continue
        key = name.decode("latin-1")
        if not equals or key in own or key in twice:
            own.pop(key, None)
            twice.add(key)
            continue
        own[key] = value.strip(b' \t"').decode("latin-1")
    return own, b"; ".join(rest) or None
