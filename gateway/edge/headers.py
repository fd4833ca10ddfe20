"""Decides which request headers go on to the register, and adds those that a proxy must add.

It knows nothing of identities: who somebody is, is attached by the identity area.
"""

from __future__ import annotations

from cachetools import LRUCache

from gateway.http_semantics import HOP_BY_HOP
from gateway.model import CanonicalRequest

Headers = list[tuple[bytes, bytes]]

# Belong to one connection only (RFC 9110 7.6.1), or to the gateway, which sends its own.
_OF_THE_CONNECTION = HOP_BY_HOP | {b"http2-settings", b"proxy-authorization", b"expect"}
# Say where a request came from or what it "really" asks for: the register hears that from the gateway alone.
_FORWARDING = frozenset(
    b"forwarded via x-real-ip x-client-ip true-client-ip cf-connecting-ip x-originating-ip x-proxyuser-ip "
    b"x-cluster-client-ip fastly-client-ip x-remote-ip x-remote-addr x-host x-http-host-override "
    b"x-original-url x-original-uri x-original-method x-original-host x-original-path x-rewrite-url x-url-scheme "
    b"x-script-name x-http-method-override x-http-method x-method-override front-end-https proxy x-request-id "
    b"x-internal x-middleware-subrequest".split()
)
_FORWARDING_PREFIXES = (b"x-forwarded-", b"x-envoy-", b"x-pomerium-", b"x-middleware-")
# What Connection may not remove: framing, and what the gateway itself stands for.
_ESSENTIAL = frozenset(b"host content-length cookie authorization content-type".split())
_TOKEN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-")


class ForwardedHeaders:
    """Makes the header list for the register out of a canonical request."""

    def __init__(self, *, trusted_chain: bool) -> None:
        self._trusted_chain = trusted_chain
        self._dropped: LRUCache[bytes, bool] = LRUCache(2048)

    def of(self, request: CanonicalRequest, peer: str) -> Headers:
        """Headers as received, without what is not the register's business, and with the proxy's own."""
        named: set[bytes] = set()
        for name, value in request.headers:
            if name == b"connection":
                named.update(option.strip().lower() for option in value.split(b","))
        named -= _ESSENTIAL
        dropped = self._dropped
        kept: Headers = []
        for pair in request.headers:
            name = pair[0]
            drop = dropped.get(name)
            if drop is None:
                drop = dropped[name] = _is_dropped(name)
            if drop or name in named:
                continue
            if name == b"max-forwards" and request.method == "OPTIONS":
                pair = (name, b"%d" % (int(pair[1].lstrip(b"0")[:9]) - 1))  # noqa: PLW2901 - RFC 9110 7.6.2
            kept.append(pair)
        kept.append((b"x-forwarded-for", self._chain(request, peer)))
        kept.append((b"x-forwarded-proto", request.scheme.encode("ascii")))
        kept.append((b"x-forwarded-host", request.host.encode("ascii")))
        kept.append((b"x-request-id", request.id.encode("ascii")))
        kept.append((b"via", b"1.1 toegangspoort"))
        return kept

    def _chain(self, request: CanonicalRequest, peer: str) -> bytes:
        if not self._trusted_chain or request.client == peer:
            return request.client.encode("ascii")
        return f"{request.client}, {peer}".encode("ascii")


def _is_dropped(name: bytes) -> bool:
    # A register that speaks CGI or WSGI reads "_", "." and every other sign as "-": such names only serve to pass
    # for another header, so they stop here (as nginx does with underscores).
    if not _TOKEN.issuperset(name):
        return True
    return name in _OF_THE_CONNECTION or name in _FORWARDING or name.startswith(_FORWARDING_PREFIXES)
