"""What went wrong with a call to another server: name, connection, TLS, proxy or answer, told apart."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import httpx2

from gateway.outgoing.egress import ProxyFailed

Kind = Literal[
    "dns", "tcp", "tls", "tls-expired", "tls-not-yet-valid", "tls-name", "tls-authority", "tls-refused", "timeout", "broken",
    "proxy-dns", "proxy-tcp", "proxy-tls", "proxy-login", "proxy-refuses", "proxy-target", "unknown",
]  # fmt: skip

# X509_V_ERR_... of OpenSSL (x509_vfy.h).
_CERTIFICATE: Final[dict[int, tuple[Kind, str]]] = {
    9: ("tls-not-yet-valid", "its certificate is not valid yet"),
    10: ("tls-expired", "its certificate has expired"),
    62: ("tls-name", "its certificate is for another name"),
    64: ("tls-name", "its certificate is for another address"),
    **dict.fromkeys(
        (2, 18, 19, 20, 21), ("tls-authority", "its certificate is signed by an authority that this machine does not know")
    ),
}  # fmt: skip
# By these alerts (RFC 8446 section 6.2) a server says that it wants a certificate of this side, or another one.
_REFUSES_OURS: Final = (
    "bad certificate", "unsupported certificate", "certificate revoked", "certificate expired", "certificate unknown",
    "unknown ca", "access denied", "certificate required",
)  # fmt: skip


class Trouble(NamedTuple):
    """What went wrong, as a kind and as words for operators."""

    kind: Kind
    says: str


def trouble_of(problem: BaseException, *, connecting: bool = False) -> Trouble:
    """What an exception of a network call means; `connecting` where nothing was sent yet."""
    causes = tuple(_causes(problem))
    failed = next((each for each in causes if isinstance(each, ProxyFailed)), None)
    if failed is None:
        late = connecting and isinstance(problem, TimeoutError)
        return Trouble("tcp", "no connection in time (TCP)") if late else _direct(causes)
    if failed.status:
        return _refused(failed.status)
    kind, says = _direct(causes)
    proxied: Kind = "proxy-dns" if kind == "dns" else "proxy-tls" if kind.startswith("tls") else "proxy-tcp"
    return Trouble(proxied, f"the proxy cannot be used: {says}")


def _refused(status: int) -> Trouble:
    if status == 407:
        return Trouble("proxy-login", "the proxy wants another user or password (407)")
    if status >= 500:
        return Trouble("proxy-target", f"the proxy cannot reach that server ({status})")
    return Trouble("proxy-refuses", f"the proxy does not let this call through ({status})")


def _direct(causes: tuple[BaseException, ...]) -> Trouble:
    for each in causes:
        if isinstance(each, socket.gaierror):
            return Trouble("dns", "its name cannot be looked up (DNS)")
        if isinstance(each, ssl.SSLCertVerificationError):
            kind, says = _CERTIFICATE.get(each.verify_code, ("tls", each.verify_message))
            return Trouble(kind, says)
        if isinstance(each, ssl.SSLError):
            return _tls(each)
        if isinstance(each, httpx2.ConnectTimeout):
            return Trouble("tcp", "no connection in time (TCP)")
        if isinstance(each, ConnectionRefusedError):
            return Trouble("tcp", "it refuses connections (TCP)")
        if isinstance(
            each, (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError, ConnectionResetError)
        ):
            return Trouble("broken", "it broke off the connection before its answer was whole")
        if isinstance(each, (httpx2.TimeoutException, TimeoutError)):
            return Trouble("timeout", "it is connected, but gives no answer in time")
    reasons = [each.strerror for each in causes if isinstance(each, OSError) and each.strerror]
    if any(isinstance(each, (OSError, httpx2.ConnectError)) for each in causes):
        return Trouble("tcp", f"it cannot be reached (TCP): {(reasons or ['no connection'])[-1].lower()}")
    return Trouble("unknown", str(causes[0]) or type(causes[0]).__name__)


def _tls(problem: ssl.SSLError) -> Trouble:
    says = (problem.reason or "broken off").replace("_", " ").lower()
    if any(says.endswith(f"alert {each}") for each in _REFUSES_OURS):
        return Trouble(
            "tls-refused", f"it does not accept the certificate of this side, or that there is none: {says}"
        )
    return Trouble("tls", f"no TLS connection: {says}")


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """The exception and those that it came from, each once."""
    seen: set[int] = set()
    waiting = [problem]
    while waiting:
        found = waiting.pop(0)
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        if isinstance(found, BaseExceptionGroup):
            waiting.extend(found.exceptions)
        following = found.__cause__ or found.__context__
        if following is not None:
            waiting.append(following)
