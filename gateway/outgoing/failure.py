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


class CallFailure(NamedTuple):
    """What went wrong, as a kind and as words for operators."""

    kind: Kind
    words: str


def failure_of(problem: BaseException, *, connecting: bool = False) -> CallFailure:
    """What an exception of a network call means; `connecting` where nothing was sent yet."""
    causes = tuple(_causes(problem))
    failed = next((each for each in causes if isinstance(each, ProxyFailed)), None)
    if failed is None:
        late = connecting and isinstance(problem, TimeoutError)
        return CallFailure("tcp", "no connection in time (TCP)") if late else _direct(causes)
    if failed.status:
        return _refused(failed.status)
    kind, words = _direct(causes)
    proxied: Kind = "proxy-dns" if kind == "dns" else "proxy-tls" if kind.startswith("tls") else "proxy-tcp"
    return CallFailure(proxied, f"the proxy cannot be used: {words}")


def _refused(status: int) -> CallFailure:
    if status == 407:
        return CallFailure("proxy-login", "the proxy wants another user or password (407)")
    if status >= 500:
        return CallFailure("proxy-target", f"the proxy cannot reach that server ({status})")
    return CallFailure("proxy-refuses", f"the proxy does not let this call through ({status})")


def _direct(causes: tuple[BaseException, ...]) -> CallFailure:
    for each in causes:
        if isinstance(each, socket.gaierror):
            return CallFailure("dns", "its name cannot be looked up (DNS)")
        if isinstance(each, ssl.SSLCertVerificationError):
            kind, words = _CERTIFICATE.get(each.verify_code, ("tls", each.verify_message))
            return CallFailure(kind, words)
        if isinstance(each, ssl.SSLError):
            return _tls(each)
        if isinstance(each, httpx2.ConnectTimeout):
            return CallFailure("tcp", "no connection in time (TCP)")
        if isinstance(each, ConnectionRefusedError):
            return CallFailure("tcp", "it refuses connections (TCP)")
        if isinstance(
            each, (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError, ConnectionResetError)
        ):
            return CallFailure("broken", "it broke off the connection before its answer was whole")
        if isinstance(each, (httpx2.TimeoutException, TimeoutError)):
            return CallFailure("timeout", "it is connected, but gives no answer in time")
    reasons = [each.strerror for each in causes if isinstance(each, OSError) and each.strerror]
    if any(isinstance(each, (OSError, httpx2.ConnectError)) for each in causes):
        return CallFailure("tcp", f"it cannot be reached (TCP): {(reasons or ['no connection'])[-1].lower()}")
    return CallFailure("unknown", str(causes[0]) or type(causes[0]).__name__)


def _tls(problem: ssl.SSLError) -> CallFailure:
    words = (problem.reason or "broken off").replace("_", " ").lower()
    if any(words.endswith(f"alert {each}") for each in _REFUSES_OURS):
        return CallFailure(
            "tls-refused", f"it does not accept the certificate of this side, or that there is none: {words}"
        )
    return CallFailure("tls", f"no TLS connection: {words}")


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
