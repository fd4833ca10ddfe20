"""What an operator can set about the register behind the gateway."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from gateway.http_semantics import HOP_BY_HOP
from gateway.settings import Duration, FileBeside, Secret, SecretRef, Settings, secret
from gateway.upstream.address import Address, is_host_name, parse_address
from gateway.upstream.path_prefix import checked_prefix

# Headers that frame the message, or that the gateway writes for each request.
_NOT_FIXED: Final = HOP_BY_HOP.union(
    b"host content-length content-type content-encoding cookie expect forwarded via date range x-request-id".split()
)

# Tomcat, Jetty and other servlet containers, also with single sign-on; PHP; ASP.NET; WebSphere.
SESSION_COOKIES = ("JSESSIONID", "JSESSIONIDSSO", "PHPSESSID", "ASP.NET_SessionId", "LtpaToken2")
# RFC 9110 section 5.6.2, without the sign that ends a pattern here.
_COOKIE_NAME = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]{3,64}\*?")


def _address(value: str) -> str:
    return parse_address(value).url


_ServerUrl = Annotated[str, AfterValidator(_address)]
_Prefix = Annotated[str, AfterValidator(checked_prefix)]


def _host(value: str) -> str:
    found = re.fullmatch(r"[A-Za-z0-9._-]+(?::([0-9]{1,5}))?", value)
    if found is None or int(found[1] or 80) not in range(1, 65_536):
        raise ValueError("write a host name, with its port where it has one: app.internal:8080")
    return value


def _server_name(value: str) -> str:
    if not is_host_name(value.lower()) and ":" not in value:
        raise ValueError("write the name in the server's certificate, in ASCII: app.internal")
    return value


def _probe_path(value: str) -> str:
    if not re.fullmatch(r"/[!-\"$-~]*", value):
        raise ValueError("write the path of the probe with a slash at its start: /health")
    return value


def _session_cookie(name: str) -> str:
    if not _COOKIE_NAME.fullmatch(name):
        raise ValueError(
            "write the name of a cookie, of 3 characters or more; it may end in *: JSESSIONID, ASPSESSIONID*"
        )
    return name


SessionCookieName = Annotated[str, AfterValidator(_session_cookie)]


class UpstreamTls(Settings):
    """How the register proves who it is over https, and how the gateway does."""

    ca: FileBeside | None = None
    """PEM file with the authorities to trust instead of those of the system, relative to the configuration."""

    certificate: FileBeside | None = None
    """PEM file with the gateway's own certificate (mutual TLS), relative to the configuration."""

    key: SecretRef | None = None
    """The private key of that certificate, as file:PATH."""

    server_name: Annotated[str, AfterValidator(_server_name)] | None = None
    """The name that the server's certificate must have, where that is not the host in its address."""


class ProbeSettings(Settings):
    """A request that is sent to each server from time to time, to see whether it works."""

    path: Annotated[str, AfterValidator(_probe_path)]
    """What is asked for with GET: /health. No prefix is added."""

    interval: Duration = Field(default=5.0, ge=0.1)
    """How often."""

    timeout: Duration = Field(default=2.0, ge=0.01)
    """How long the answer may take."""

    statuses: (
        Annotated[tuple[Annotated[int, Field(ge=200, le=599, strict=True)], ...], Field(min_length=1)] | None
    ) = None
    """The status codes of a server that works. Not set: 200 to 299."""

    fall: int = Field(default=2, ge=1, strict=True)
    """How many bad answers in a row put a server out."""

    rise: int = Field(default=1, ge=1, strict=True)
    """How many good answers in a row let it take requests again."""


class BreakerSettings(Settings):
    """When a server is left alone because requests to it fail (a circuit breaker)."""

    enabled: bool = Field(default=True, strict=True)
    """`false`: never."""

    failures: int = Field(default=5, ge=1, strict=True)
    """How many requests in a row that it did not take, answer validly or answer in time put a server out."""

    open_for: Duration = Field(default=10.0, ge=0.1)
    """How long it is left alone; then one request tries it, and an answer lets it take all requests again."""


def _fixed_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise ValueError("a header name has letters, digits, hyphens and underscores")
    if name.lower().encode() in _NOT_FIXED or name.lower().startswith(("x-forwarded-", "sec-websocket-")):
        raise ValueError(f"{name} belongs to the request itself, and the gateway writes it")
    return name


def _fixed_value(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        raise ValueError("write text, or a secret as env:NAME or file:PATH")
    if value.startswith(("env:", "file:")):
        return secret(value, info)
    if not value.isascii() or not value.isprintable() or not value or value != value.strip():
        raise ValueError("a header has printable ASCII, without blanks at its ends")
    return value


def _user(value: str) -> str:
    if ":" in value or not value.isprintable():
        raise ValueError("a user name has no colon and no control characters (RFC 7617 section 2)")
    return value


def _distinct(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    folded = {name.lower().replace("_", "-"): name for name in headers}
    if len(folded) != len(headers):
        raise ValueError("two of these headers are the same to many servers; keep one")
    return headers


FixedValue = Annotated[
    Secret | str, BeforeValidator(_fixed_value), WithJsonSchema({"type": "string", "minLength": 1})
]


class BasicSettings(Settings):
    """A user name and password that the gateway shows the register (HTTP Basic)."""

    username: Annotated[str, AfterValidator(_user)]
    """The user name."""

    password: SecretRef
    """The password, as env:NAME or file:PATH."""


class WebSocketSettings(Settings):
    """What WebSockets may take. Rules say where there are any (`websocket: true`)."""

    max: int = Field(default=5_000, ge=1, le=100_000, strict=True)
    """Most WebSockets at once, per worker process; each has a connection to the register that does not count among
    `max_connections`. One more is answered with 503."""

    max_per_client: int | None = Field(default=None, ge=1, le=100_000, strict=True)
    """Most of them of one client address (IPv6: one /64). Without a value a quarter of `max`, but at least 8."""

    max_per_session: int = Field(default=32, ge=1, le=100_000, strict=True)
    """Most of them of one session."""

    max_message_bytes: int = Field(default=16_777_216, ge=125, strict=True)
    """Most bytes of one message in either direction, as they are on the wire; a larger one ends the WebSocket with 1009."""

    idle_timeout: Duration = 1_800.0
    """How long both sides may be silent, pings included; then the WebSocket ends with 1001."""

    close_timeout: Duration = 5.0
    """How long either side may take to answer a Close frame; then its connection is closed without."""

    compression: bool = Field(default=True, strict=True)
    """Whether browser and register may agree on permessage-deflate; the gateway never unpacks."""


class UpstreamSettings(Settings):
    """Where the register is, on one server or several, and how long it may take."""

    url: _ServerUrl | None = None
    """Scheme, host and port of the register: http://register.internal:8080. Or a unix socket: unix:/run/app.sock."""

    servers: Annotated[tuple[_ServerUrl, ...], Field(min_length=1)] | None = None
    """Instead of `url`: the addresses of several servers that all serve the same."""

    balance: Literal["round_robin", "least_connections"] = "round_robin"
    """Which server is next: each in its turn, or the one with the fewest open requests (for a WebSocket: WebSockets)."""

    probe: ProbeSettings | None = None
    """A request by which the servers are watched; without it they are watched by the requests that fail."""

    breaker: BreakerSettings | None = None
    """When a server is left alone because requests fail. Not set: with its defaults where there are several servers, not
    at all where there is one."""

    slow_start: Duration = 0.0
    """Over how long a server that comes back takes more and more requests, until it has its whole share."""

    retries: int = Field(default=1, ge=0, le=10, strict=True)
    """How often a request that failed is sent to yet another server, where it can be repeated: GET, HEAD, OPTIONS, PUT
    or DELETE without a body. A request that no server has taken yet tries them all."""

    strip_prefix: _Prefix = ""
    """What is taken off the beginning of the path: with /reports, the path /reports/1 is /1 to the upstream. Rules judge
    the whole path."""

    add_prefix: _Prefix = ""
    """What is put before the path, after `strip_prefix`."""

    connect_timeout: Duration = 2.0
    """How long setting up a connection may take."""

    response_timeout: Duration = 30.0
    """How long the register may take until its answer begins."""

    idle_timeout: Duration = 300.0
    """How long the register may pause in the middle of an answer."""

    write_timeout: Duration = 30.0
    """How long the register may take in nothing of a request's body; the answer is 504."""

    client_write_timeout: Duration = 60.0
    """How long a client may take in nothing of an answer that still arrives; the answer is cut off."""

    keep_alive: Duration = 4.0
    """How long an unused connection is kept; stay below the register's own limit."""

    max_connections: int = Field(default=128, ge=1, le=10_000, strict=True)
    """Most connections to each server at once, per worker process. Of these the last quarter is for clients and sessions that use none, the last eighth for sessions."""

    max_connections_per_client: int | None = Field(default=None, ge=1, le=10_000, strict=True)
    """Most of them that one client address (IPv6: one /64) may use at once; further requests wait. Without a value a
    quarter of `max_connections`, but at least 8. Set `edge.trusted_proxies` where all clients come through a proxy."""

    max_connections_per_session: int | None = Field(default=None, ge=1, le=10_000, strict=True)
    """Most of them that one session may use at once; further requests wait. The default is as for one client."""

    queue_timeout: Duration = 5.0
    """How long a request waits for a connection before it is answered with 503 and Retry-After. While others wait, the
    exchange whose client has neither sent nor taken in anything for longest, 0.3 seconds at least, gives way."""

    session_cookies: tuple[SessionCookieName, ...] = SESSION_COOKIES
    """The cookies, and parameters in paths, by which the register knows its own sessions; a name may end in `*`. Each
    session stays with the one it was begun for: the same person, for the same organisation and with the same rights.
    An empty list passes them all on unchanged."""

    session_parameters: Literal["own", "unclaimed"] = "own"
    """Which sessions pass in paths (`;jsessionid=`): `own` needs a tag or the same value in the cookie; `unclaimed` also
    passes what nobody else came with before, for a register that knows people by its links alone."""

    max_header_bytes: int = Field(default=8_192, ge=2_048, le=1_048_576, strict=True)
    """Most octets of request line and headers that the register takes, with what the gateway adds; more is answered
    with 431. Tomcat and Jetty take 8192 as they come (maxHttpHeaderSize, requestHeaderSize)."""

    pass_host: bool = Field(default=True, strict=True)
    """Whether the register sees the Host that the client asked for, or its own."""

    host: Annotated[str, AfterValidator(_host)] | None = None
    """The Host that the register sees, instead of either."""

    headers: Annotated[
        Mapping[Annotated[str, AfterValidator(_fixed_name)], FixedValue], AfterValidator(_distinct)
    ] = Field(default_factory=dict)
    """Headers that every request to the register gets, with the same value: text, or a secret as env:NAME or file:PATH."""

    basic: BasicSettings | None = None
    """The gateway's own credentials at the register; the Authorization of clients then stays behind."""

    rewrite_addresses: bool = Field(default=True, strict=True)
    """Whether `Location`, `Content-Location`, `Refresh` and the `Domain`, `Path` and `Secure` of cookies, where they name
    the register's own address (`url`, `servers`, `host`), are rewritten to the public one."""
    websockets: WebSocketSettings = WebSocketSettings()
    """Limits for WebSockets."""

    tls: UpstreamTls = UpstreamTls()
    """Trust and client certificate for an https register."""

    @model_validator(mode="after")
    def _one_authorization(self) -> Self:
        if self.basic is not None and any(name.lower() == "authorization" for name in self.headers):
            raise ValueError("give either `basic` or a header Authorization")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.url is None) == (self.servers is None):
            raise ValueError(
                "give the address of the register as `url`, or those of several servers as `servers`"
            )
        if len({each[1:] for each in self.addresses}) != len(self.addresses):
            raise ValueError("a server is named twice")
        if self.host is not None and self.pass_host and "pass_host" in self.model_fields_set:
            raise ValueError("give a `host`, or `pass_host: true`, not both")
        return self

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The servers, in the order of the file."""
        return tuple(parse_address(url) for url in self.servers or (self.url or "",))

    @property
    def origins(self) -> tuple[str, ...]:
        """The URLs, without a path, under which it knows itself, where that is not the public one."""
        first = self.addresses[0]
        known = [each.url for each in self.addresses if each.socket is None]
        own = self.host
        if own is None and first.socket is not None and not self.pass_host:
            own = first.authority.decode("ascii")
        if own is not None:
            known.append(f"{'https' if first.secure else 'http'}://{own}")
        return tuple(known)

    @property
    def name(self) -> str:
        """What it is called where one address must stand for it: in the assertion, in messages."""
        return self.addresses[0].url

    @property
    def breaker_in_force(self) -> BreakerSettings | None:
        """The breaker, also where nothing is written about it."""
        if self.breaker is None and len(self.addresses) > 1:
            return BreakerSettings()
        return self.breaker if self.breaker is not None and self.breaker.enabled else None


# A name under `upstreams:`.
UpstreamName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
