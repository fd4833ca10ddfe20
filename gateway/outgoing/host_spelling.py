"""One spelling for each host, so that two addresses of the same server are seen to be the same."""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

LOCAL: Final = "localhost"
_LOCAL_NAMES: Final = frozenset((LOCAL, "localhost.localdomain", "ip6-localhost", "ip6-loopback"))
# Also what only old functions of C read: 127.1, 0x7f.1, 2130706433.
_NUMERIC: Final = re.compile(r"[0-9][0-9a-fx.]*")


def one_spelling(host: str) -> str:
    """The host in lower case, without brackets and last dot; every way to write this machine is `localhost`."""
    name = host.strip("[]").rstrip(".").lower()
    if name in _LOCAL_NAMES or name.endswith(".localhost"):
        return LOCAL
    address = _address(name)
    if address is None:
        return name
    mapped = getattr(address, "ipv4_mapped", None) or address
    # To connect to the unspecified address is to connect to this machine.
    if mapped.is_unspecified or mapped in (IPv4Address("127.0.0.1"), IPv6Address("::1")):
        return LOCAL
    return str(mapped)


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(name)) if _NUMERIC.fullmatch(name) else None
    except OSError:
        return None
