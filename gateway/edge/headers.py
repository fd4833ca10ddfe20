"""Which request headers go on to the register, and those that a proxy must add (RFC 9110 7.6).

Identity headers are attached later, by the identity area.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from gateway.http_semantics import HOP_BY_HOP, HeaderLine, connection_options
from gateway.model import CanonicalRequest

COOKIE2: Final = b"cookie2"
"""Obsolete (RFC 6265): it must not bring cookies that nobody looked at."""
# Belong to one connection only (RFC 9110 7.6.1), or are written again for the register.
_OF_THE_CONNECTION = HOP_BY_HOP | {
    b"http2-settings", b"proxy-authorization", b"expect", b"host", b"content-length", COOKIE2,
}  # fmt: skip
# Say where a request came from, who sent it, what it "really" asks for or how a file is to be answered: servers and
# frameworks believe these of a proxy, so the register hears them from the gateway alone.
FORWARDING = frozenset(
    b"forwarded forwarded-for via client-ip true-client-ip cf-connecting-ip x-originating-ip "
    b"x-proxyuser-ip x-cluster-client-ip fastly-client-ip x-remote-ip x-remote-addr x-host x-http-host-override "
    b"x-backend-host x-custom-ip-authorization x-url-scheme x-scheme x-script-name x-http-method-override x-http-method "
    b"x-method-override x-override-url x-http-destinationurl front-end-https proxy x-request-id x-internal "
    b"x-middleware-subrequest x-ms-client-principal x-sendfile-type x-proxied-https".split()
)
FORWARDING_PREFIXES = tuple(
    b"x-forwarded x-original- x-rewrite- x-real- x-client- x-accel- x-arr- proxy- wl-proxy- x-proxy- x-ssl- ssl-client- x-envoy- "
    b"x-pomerium- x-middleware- x-azure- x-appgw- x-ms-client-principal- x-ms-token- x-amzn-oidc- x-goog-iap- "
    b"x-goog-authenticated-user- cf-access-".split()
)
# What every proxy in front writes itself, or reads for its own connection.
_OF_PROXIES = tuple(
    b"x-forwarded x-real-ip x-original-method x-original-uri x-original-host "
    b"proxy-connection proxy-authorization proxy-authenticate".split()
)
# What Connection may not remove: what the gateway itself vouches for.
_ESSENTIAL = frozenset(b"cookie authorization content-type".split())
# What a list of allowed headers does not have to name: without these a request means something else.
_ALWAYS = _ESSENTIAL | {b"content-encoding", b"max-forwards"}
# No header that a register knows has a longer name.
_LONGEST_NAME = 256
_TOKEN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-")


class ForwardedHeaders:
    """Chooses which headers of a request the register gets, and makes those of the proxy.

    With `allow`, only headers of these names (in lower case) go on, besides the essential ones and our own.
    """

    def __init__(self, *, trusted_chain: bool, allow: Iterable[str] | None = None) -> None:
        self._trusted_chain = trusted_chain
        self._allow = None if allow is None else _ALWAYS.union(name.encode("ascii") for name in allow)

    def passed(self, headers: Iterable[HeaderLine], method: str = "GET") -> list[HeaderLine]:
        """Of the headers of a request those that go on: the same for the same headers."""
        named: set[bytes] = set()
        for name, value in headers:
            if name == b"connection":
                named.update(connection_options(value))
        named -= _ESSENTIAL
        allow = self._allow
        kept: list[HeaderLine] = []
        for pair in headers:
            name = pair[0]
            if len(name) > _LONGEST_NAME or _is_dropped(name) or name in named:
                continue
            if allow is not None and name not in allow:
                continue
            if name == b"max-forwards" and method == "OPTIONS":
                pair = (name, b"%d" % (int(pair[1].lstrip(b"0")[:9]) - 1))  # noqa: PLW2901 - RFC 9110 7.6.2
            kept.append(pair)
        return kept

    def own(self, request: CanonicalRequest, peer: str) -> bytes:
        """The header lines of the proxy itself: where the request came from, its id, and Via."""
        return b"x-forwarded-for: %b\r\n%bx-request-id: %b\r\nvia: 1.1 toegangspoort\r\n" % (
            self._chain(request, peer),
            _reached(request.scheme, request.host),
            request.id.encode("ascii"),
        )

    def _chain(self, request: CanonicalRequest, peer: str) -> bytes:
        if not self._trusted_chain or not peer or request.client == peer:
            return request.client.encode("ascii")
        return f"{request.client}, {peer}".encode("ascii")


@lru_cache(maxsize=2048)
def _is_dropped(name: bytes) -> bool:
    # A register that speaks CGI or WSGI reads "_", "." and every other sign as "-": such names only serve to pass
    # for another header, so they stop here (as nginx does with underscores).
    if not _TOKEN.issuperset(name):
        return True
    return name in _OF_THE_CONNECTION or name in FORWARDING or name.startswith(FORWARDING_PREFIXES)


@lru_cache(maxsize=2048)
def would_pass_for_forwarding(name: bytes, folded: bytes) -> bool:
    """Whether a register that reads other signs as "-" may take this header for one of the connection or of a proxy.

    `folded` is its name with "-" for all such signs. A proxy that removes headers by their whole names leaves these.
    """
    if name != folded:
        return _is_dropped(folded)
    return name.startswith(FORWARDING_PREFIXES) and not name.startswith(_OF_PROXIES)


@lru_cache(maxsize=64)
def _reached(scheme: str, host: str) -> bytes:
    """How the client reached the gateway; with the port, also where it is the usual one."""
    port = host.rpartition("]")[2].partition(":")[2] or ("443" if scheme == "https" else "80")
    lines = f"x-forwarded-proto: {scheme}\r\nx-forwarded-host: {host}\r\nx-forwarded-port: {port}\r\n"
    return lines.encode("ascii")
