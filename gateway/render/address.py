"""Where something listens, as an operator writes it."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final, NamedTuple

from gateway.render.errors import NotRendered

_UNIX: Final = "unix:"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_EVERYWHERE: Final = frozenset(("0.0.0.0", "::", "*"))  # noqa: S104 - nothing is bound here


class Endpoint(NamedTuple):
    """A host and port, or the path of a unix socket. IPv6 addresses have no brackets in `host`."""

    host: str
    port: int
    socket: str = ""

    @property
    def everywhere(self) -> bool:
        """Whether it means all addresses of a machine."""
        return not self.socket and self.host in _EVERYWHERE

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address, which nobody has to look up."""
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True

    @property
    def authority(self) -> str:
        """HOST:PORT, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def endpoint(text: str) -> Endpoint:
    """HOST:PORT or unix:/PATH. Raises NotRendered."""
    if text.startswith(f"{_UNIX}/"):
        return Endpoint("", 0, text.removeprefix(_UNIX))
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) <= 65_535:
        raise NotRendered(f"{text!r} is no address: write HOST:PORT or unix:/PATH")
    return Endpoint(host_of(host), int(port))


def host_of(text: str) -> str:
    """A name or an IP address, without brackets. Raises NotRendered."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if bare in _EVERYWHERE or _NAME.fullmatch(bare):
        return bare
    try:
        return str(ip_address(bare))
    except ValueError:
        raise NotRendered(f"{text!r} is no name of a host and no address") from None
