"""Where a server of an upstream listens."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_UNIX: Final = "unix:"
# Octets; the kernel takes no longer ones (unix(7)).
_LONGEST_SOCKET: Final = 107
# What a resolver can look up: labels of letters, digits, - and _ (RFC 1123 section 2.1; others write _ too).
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_WANTED: Final = "write the address of a server as http://host:port, https://host:port or unix:/run/app.sock"


class Address(NamedTuple):
    """The address of one server as it is written (`url`), and its parts; `socket` is the path of a unix socket."""

    url: str
    host: str
    port: int
    secure: bool = False
    socket: str | None = None

    @property
    def authority(self) -> bytes:
        """Its own Host header (RFC 9110 section 7.2): the port only where it is not the usual one."""
        if self.socket is not None:
            return b"localhost"
        name = f"[{self.host}]" if ":" in self.host else self.host
        return (name if self.port == (443 if self.secure else 80) else f"{name}:{self.port}").encode("ascii")


def is_host_name(text: str) -> bool:
    """Whether this is a name in ASCII, in lower case, or an IPv4 address."""
    return _NAME.fullmatch(text) is not None


def parse_address(text: str) -> Address:
    """Read an address. Raises ValueError that says what to write instead."""
    if text.startswith(_UNIX):
        path = text.removeprefix(_UNIX)
        if not path.startswith("/") or "\0" in path or len(path.encode()) > _LONGEST_SOCKET:
            raise ValueError(
                f"write a unix socket by its whole path of at most {_LONGEST_SOCKET} bytes: unix:/run/app.sock"
            )
        return Address(text, "localhost", 0, socket=path)
    if not text.isprintable():
        raise ValueError(_WANTED)  # urlsplit would leave these characters out
    try:
        parts = urlsplit(text)
        port = parts.port
        host = parts.hostname or ""
        if ":" in host:
            ip_address(host)
    except ValueError as problem:
        raise ValueError(_WANTED) from problem
    if parts.scheme not in ("http", "https") or port == 0:
        raise ValueError(_WANTED)
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("write only scheme, host and port; a path goes under add_prefix")
    if ":" not in host and not is_host_name(host):
        raise ValueError(f"write the host as in DNS, in ASCII, or as an address: {_WANTED}")
    secure = parts.scheme == "https"
    url = f"{parts.scheme}://{parts.netloc}"
    return Address(url, host, port or (443 if secure else 80), secure)
