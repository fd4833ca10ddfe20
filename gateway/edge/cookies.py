"""Takes the gateway's own cookies out of a request: they are ours to read and never the register's to see.

Those of another environment at the same host too: with them its sessions could be taken over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.errors import BadRequest

_NONE: Mapping[str, str] = MappingProxyType({})
# No browser has this many of ours: each login that is begun is one.
_MOST: Final = 256
_BETWEEN: Final = re.compile(rb";[ \t;]*")


def separate_cookies(lines: list[bytes], prefix: bytes) -> tuple[Mapping[str, str], bytes | None]:
    """(cookies of the gateway by name, the Cookie line for the register or None where nothing remains).

    Several Cookie lines are one list (RFC 9113 8.2.3). A name that comes twice is a tossed cookie: neither is
    believed. Names are compared as they are; what is not `name=value` is passed on untouched. Raises BadRequest for
    very many of ours.
    """
    if len(lines) == 1 and prefix not in lines[0]:
        return _NONE, lines[0] or None
    line = b"; ".join(lines)
    if line.count(prefix) > _MOST:
        raise BadRequest("very many cookies of the gateway", code="cookies")
    own: dict[str, str] = {}
    twice: set[str] = set()
    rest: list[bytes] = []
    done, at = 0, line.find(prefix)
    # Only pieces with the prefix are looked at: others may be thousands.
    while at >= 0:
        begin, end = line.rfind(b";", done, at) + 1 or done, line.find(b";", at)
        end = len(line) if end < 0 else end
        name, equals, value = line[begin:end].strip(b" \t").partition(b"=")
        name = name.rstrip(b" \t")
        # "=__Host-x=y" is what a browser sends for a nameless cookie: a register might read it as ours.
        if name.startswith(prefix) or (name == b"" and value.lstrip(b" \t").startswith(prefix)):
            rest.append(line[done:begin])
            done = end
            key = name.decode("latin-1")
            if not equals or key in own or key in twice:
                own.pop(key, None)
                twice.add(key)
            elif key:
                own[key] = value.strip(b' \t"').decode("latin-1")
        at = line.find(prefix, end)
    rest.append(line[done:])
    return own, _BETWEEN.sub(b"; ", b";".join(rest)).strip(b" \t;") or None
