"""How calls to other servers leave this machine: directly, or through a proxy (CONNECT, RFC 9110 section 9.3.6)."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import unquote, urlsplit

import httpx2
from pydantic import AfterValidator, Field, model_validator

from gateway.settings import FileBeside, Secret, SecretRef, Settings

_HOW = "write the proxy as http://HOST:PORT, or https://HOST:PORT for one that is reached over TLS"


def _proxy_url(value: str) -> str:
    parts = urlsplit(value)
    try:
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port
    except ValueError:
        whole = None
    if not whole or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(_HOW)
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "a secret is never written here: give `user` and `password`, as file:PATH or env:NAME"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _excepted(value: str) -> str:
    name, _, port = value.strip().lower().rpartition(":")
    if not port.isdigit() or ":" in name:
        name = value.strip().lower()
    if not name or any(each in name for each in " ,@") or ("/" in name and _network(name) is None):
        raise ValueError(
            "write a name (.example.be with all below it), an address, a network (10.0.0.0/8) or *"
        )
    return value.strip().lower()


class ProxySettings(Settings):
    """A proxy for calls to other servers over https."""

    url: Annotated[str, AfterValidator(_proxy_url)]
    """Its address: http://HOST:PORT, or https://HOST:PORT where the proxy itself is reached over TLS."""

    user: Annotated[str, Field(pattern=r"^[^:\x00-\x1f\x7f]{1,200}$")] | None = None
    """The name by which the gateway logs in at the proxy."""

    password: SecretRef | None = None
    """Its password there, as file:PATH or env:NAME."""

    ca: FileBeside | None = None
    """The certificate authority (PEM) of the proxy's own certificate, if it is not among those of the machine."""

    no_proxy: tuple[Annotated[str, AfterValidator(_excepted)], ...] = ()
    """What is reached directly: names (`.example.be` with all below it), addresses and networks."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password come together")
        if self.ca is not None and self.url.startswith("http://"):
            raise ValueError("`ca` is for a proxy that is reached over TLS: its url begins with https://")
        return self


@dataclass(frozen=True, slots=True)
class Egress:
    """The way out. `proxy` is None for no proxy; `origin` says, for people, where that was written.

    Equal for equal settings. Only https goes through the proxy: addresses with http are on this machine.
    """

    proxy: str | None = None
    no_proxy: tuple[str, ...] = ()
    user: str | None = None
    password: Secret | str | None = field(default=None, repr=False)
    ca: Path | None = None
    origin: str = ""

    @classmethod
    def of(
        cls, settings: ProxySettings | Literal["direct"] | None, environ: Mapping[str, str] = os.environ
    ) -> Egress:
        """The way out by these settings; without any, by HTTPS_PROXY and NO_PROXY. Raises ValueError for a bad one."""
        if settings == "direct":
            return cls()
        if settings is None:
            return cls._of_process(environ)
        return cls(settings.url, settings.no_proxy, settings.user, settings.password, settings.ca, "`proxy`")

    @classmethod
    def _of_process(cls, environ: Mapping[str, str]) -> Egress:
        name, value = _first(environ, "https_proxy", "HTTPS_PROXY")
        if not value:
            return cls()
        parts = urlsplit(value if "://" in value else f"http://{value}")
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            port = 0
        if parts.scheme not in ("http", "https") or not parts.hostname or not port:
            raise ValueError(f"the environment variable {name} names no proxy that can be used: {_HOW}")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        listed = _first(environ, "no_proxy", "NO_PROXY")[1].split(",")
        return cls(
            f"{parts.scheme}://{host}:{port}",
            tuple(each.strip().lower() for each in listed if each.strip()),
            unquote(parts.username) if parts.username is not None else None,
            unquote(parts.password or "") if parts.username is not None else None,
            origin=f"the environment variable {name}",
        )

    def passes_proxy(self, url: str) -> bool:
        """Whether a call to this address goes through the proxy."""
        if self.proxy is None:
            return False
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.hostname is None:
            return False
        return not any(_matches(each, parts.hostname, parts.port or 443) for each in self.no_proxy)

    def transport(self, tls: ssl.SSLContext | None = None) -> httpx2.AsyncBaseTransport:
        """Connections that leave this way; `tls` says what other servers must prove (default: as the machine does).

        Reads files: call it in a thread. Raises ValueError with a message for operators.
        """
        context = tls or ssl.create_default_context()
        direct = httpx2.AsyncHTTPTransport(verify=context, trust_env=False)
        return _Routed(self, direct, self._through(context)) if self.proxy is not None else direct

    def _through(self, context: ssl.SSLContext) -> httpx2.AsyncBaseTransport:
        assert self.proxy is not None
        auth = (self.user, self._password()) if self.user is not None else None
        own = None
        if self.proxy.startswith("https://"):
            try:
                own = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
            except OSError as problem:
                raise ValueError(f"proxy: cannot use {self.ca}: {problem.strerror or problem}") from problem
        proxy = httpx2.Proxy(self.proxy, ssl_context=own, auth=auth)
        return httpx2.AsyncHTTPTransport(verify=context, trust_env=False, proxy=proxy)

    def _password(self) -> str:
        if not isinstance(self.password, Secret):
            return self.password or ""
        try:
            return self.password.read().decode("utf-8")
        except UnicodeDecodeError as problem:
            raise ValueError(f"{self.password.reference} is not UTF-8 text") from problem


DIRECT: Final = Egress()
"""Without a proxy."""


class ProxyFailed(httpx2.ProxyError):
    """The proxy could not be reached, or opens no tunnel; `status` is what it answered, 0 where it did not."""

    def __init__(self, words: str, status: int, request: httpx2.Request) -> None:
        super().__init__(words, request=request)
        self.status = status


class _Routed(httpx2.AsyncBaseTransport):
    """Sends each request directly or through the proxy. A failure of the proxy is a ProxyFailed."""

    def __init__(
        self, egress: Egress, direct: httpx2.AsyncBaseTransport, proxied: httpx2.AsyncBaseTransport
    ) -> None:
        self._egress = egress
        self._direct = direct
        self._proxied = proxied

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if not self._egress.passes_proxy(str(request.url)):
            return await self._direct.handle_async_request(request)
        failed: list[str] = []

        async def trace(event: str, _about: Any) -> None:
            if event.endswith(".failed"):
                failed.append(event)

        request.extensions = {**request.extensions, "trace": trace}
        try:
            return await self._proxied.handle_async_request(request)
        except httpx2.ProxyError as problem:
            first = str(problem).split(" ", 1)[0]
            raise ProxyFailed(str(problem), int(first) if first.isdigit() else 0, request) from problem
        except httpx2.TransportError as problem:
            # "connection" is the one to the proxy, "proxy" the tunnel through it.
            if any(each.startswith("connection.") for each in failed):
                raise ProxyFailed(str(problem), 0, request) from problem
            raise

    async def aclose(self) -> None:
        await self._direct.aclose()
        await self._proxied.aclose()


def _first(environ: Mapping[str, str], *names: str) -> tuple[str, str]:
    """The first of these variables that is set, and its value; they are written in both cases."""
    return next(((name, environ[name].strip()) for name in names if environ.get(name)), (names[-1], ""))


def _matches(excepted: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY is about this host (in lower case)."""
    if excepted == "*":
        return True
    name, colon, wanted = excepted.rpartition(":")
    if colon and wanted.isdigit() and (":" not in name or name.startswith("[")):
        if int(wanted) != port:
            return False
    else:
        name = excepted
    name = name.strip("[]")
    network = _network(name)
    if network is not None:
        address = _address(host)
        return address is not None and address in network
    name = name.removeprefix("*").lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
