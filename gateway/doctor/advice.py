"""What helps against a failed call to another server: never a step that can't help against that kind of failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import urlsplit

from gateway.outgoing.egress import Egress
from gateway.outgoing.failure import Kind

Server = Literal["provider", "register", "public"]
"""Whom a check asked: ACM or an issuer, the register, or this site from outside."""

_PROVIDER: Final[Mapping[Kind, str]] = {
    "dns": "check the spelling of {host}, and whether `getent hosts {host}` finds it on this machine; where only a proxy "
    "looks up names of the outside, set `proxy`",
    "tcp": "have {host}:{port} opened for this machine in the firewall, or set `proxy` where calls must pass one",
    "tls": "the other side speaks no TLS that can be used: check the port of {url}, and what stands in between",
    "tls-expired": "only the operator of {host} can renew it; before you call, check this machine's own clock with `date`",
    "tls-not-yet-valid": "this machine's clock is probably behind: check it with `date`, and synchronise it (NTP)",
    "tls-name": "check the spelling of {host}; if it is right, something in between answers in its place",
    "tls-authority": "if a proxy of your own opens TLS, add its authority to this machine's (update-ca-certificates), or set "
    "SSL_CERT_FILE; otherwise something in between answers in place of {host}",
    "timeout": "{host} has a fault, or something in between holds its answer back: ask its operator; `provider.timeout` is "
    "how long the gateway waits",
    "broken": "ask the operator of {host}, or of what stands in between, why the connection ends early",
    "proxy-dns": "correct the name of the proxy in {proxy}",
    "proxy-tcp": "correct the address of the proxy in {proxy}, or have it opened for this machine",
    "proxy-tls": "name the authority of the proxy's certificate in `proxy.ca`, or write http:// for a proxy without TLS",
    "proxy-login": "correct the user and password in {proxy}",
    "proxy-refuses": "have {host}:{port} allowed at the proxy, or name {host} in `proxy.no_proxy` (NO_PROXY) if it is reached directly",
    "proxy-target": "the proxy works, but does not get to {host}:{port}: check the spelling of {host}, then ask the operator of the proxy",
}  # fmt: skip
_REGISTER: Final[Mapping[Kind, str]] = {
    "dns": "correct the host name {host}, or the name service of this machine",
    "tcp": "start the register, correct {host}:{port}, or have it opened for this machine in the firewall",
    "tls": "the register speaks no TLS there: write http:// or correct the port; if it wants a certificate of the gateway, see `tls`",
    "tls-refused": "give the gateway a certificate that the register accepts, as `tls.certificate` with its `tls.key`; the log of the "
    "register says what it wants",
    "tls-expired": "renew the register's certificate; if it is new, restart the register",
    "tls-not-yet-valid": "check the clock of this machine with `date`, and when the register's certificate begins",
    "tls-name": "write the name that is in the register's certificate as `tls.server_name`",
    "tls-authority": "name the authority of the register's certificate in `tls.ca`, and have the register send its complete chain",
}  # fmt: skip
_PUBLIC: Final[Mapping[Kind, str]] = {
    "dns": "no fault if only the outside knows {host}: then check the certificate from there",
    "tcp": "no fault if this machine does not get to the outside of its own proxy: then check the certificate from there",
    "tls": "no TLS at {host}:{port}: check what terminates it",
    "tls-expired": "renew the certificate where TLS is terminated, and reload it there",
    "tls-not-yet-valid": "check the clock of this machine with `date`, and when the certificate begins",
    "tls-name": "get a certificate that names {host}",
    "tls-authority": "have the server send its complete chain; an authority of your own must be known to browsers too",
}  # fmt: skip
_BY_SERVER: Final = {"provider": _PROVIDER, "register": _REGISTER, "public": _PUBLIC}
_OTHERWISE: Final = "ask the operator of {host} what happens there"


def advice(kind: Kind, server: Server, url: str, egress: Egress) -> str:
    """What to do about this kind of failure of a call to the server at this address."""
    parts = urlsplit(url)
    return (
        _BY_SERVER[server]
        .get(kind, _OTHERWISE)
        .format(
            host=parts.hostname,
            port=parts.port or (443 if parts.scheme == "https" else 80),
            url=url,
            proxy=egress.origin or "`proxy`",
        )
    )


def advice_on_response(status: int | None) -> str:
    """What to do where discovery was answered, but not with a document that can be used: by its status."""
    if status is None:
        return "compare provider.issuer letter for letter with the issuer that the provider's documentation names"
    if status in (401, 403, 407):
        return "something in front of the provider refuses this machine: have its address allowed there"
    if status == 404:
        return "provider.issuer has a wrong path: the document is at ISSUER/.well-known/openid-configuration"
    if status >= 500:
        return "the provider has a fault: try again later, or ask its operator; nothing here needs to change"
    return "compare provider.issuer letter for letter with the issuer that the provider's documentation names"
