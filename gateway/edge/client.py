"""Whose request it is by network address: the peer's, or what proxies that we trust say it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_MOST_HOPS = 32
_LAST_PORT = 65_535
_LONGEST = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
_HOP = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\]|(?P<v4>[0-9.]+))(?::(?P<port>[0-9]{1,5}))?")
UNKNOWN = "unknown"


def parse_address(text: str) -> Address | None:
    """An address in canonical form, IPv4 inside IPv6 unwrapped; None for anything else, ports included."""
    text = text.strip()
    return _parse(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address


def _parse_hop(text: str) -> Address | None:
    """An address of X-Forwarded-For, which some proxies write with its port: `192.0.2.1:1234`, `[2001:db8::1]:1234`."""
    match = _HOP.fullmatch(text.strip(" \t"))
    if match is None:
        return parse_address(text)
    if match["port"] is not None and int(match["port"]) > _LAST_PORT:
        return None
    return parse_address(match["v6"] or match["v4"])


@lru_cache(maxsize=4096)
def _text(peer: str) -> str:
    address = parse_address(peer)
    return str(address) if address is not None else UNKNOWN


class ClientAddress:
    """Finds the client behind trusted proxies: the right-most address that no trusted proxy has.

    Where a trusted proxy says what cannot be read, the client is unknown: it is never the proxy itself.
    """

    def __init__(self, trusted: Sequence[Network], *, over_file: bool = False) -> None:
        """`over_file`: peers without an address come over a unix socket, and are trusted as its file's permissions say."""
        self._trusted = tuple(trusted)
        self._over_file = over_file

    def of(self, peer: str, forwarded: list[bytes]) -> str:
        """The client's address as text, or UNKNOWN; the peer's own where it is not trusted or says nothing."""
        if not peer and self._over_file:
            return self.behind(forwarded) if forwarded else UNKNOWN
        if not self._trusted or not forwarded:
            return _text(peer)
        nearest = parse_address(peer)
        if nearest is None or not self._is_trusted(nearest):
            return str(nearest) if nearest is not None else UNKNOWN
        return self.behind(forwarded)

    def behind(self, forwarded: list[bytes]) -> str:
        """The client's address by what a trusted peer says alone; UNKNOWN where it says nothing."""
        hops = b",".join(forwarded).decode("latin-1").split(",")[-_MOST_HOPS:]
        found: Address | None = None
        for hop in reversed(hops):
            found = _parse_hop(hop)
            if found is None or not self._is_trusted(found):
                break
        return str(found) if found is not None else UNKNOWN

    def trusts(self, peer: str) -> bool:
        """Whether this peer is one of the trusted proxies."""
        if not peer:
            return self._over_file
        address = parse_address(peer) if self._trusted else None
        return address is not None and self._is_trusted(address)

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted if network.version == address.version)
