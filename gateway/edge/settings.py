"""What an operator can set about the way in: names, proxies, limits, and which headers go on."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gateway.edge.authority import host_name
from gateway.http_semantics import METHODS, FurtherMethod
from gateway.path_openings import PathOpenings
from gateway.settings import UNIX, Duration, ListenAddress, Settings, Whole

MOST_NEW: Final = 1_000_000
"""New connections a second that nobody reaches."""


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise ValueError("a header name has letters, digits and hyphens")
    return name.lower()


def _origin(value: str) -> str:
    if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]+)?|https?://\[[0-9a-f:]+\](:[0-9]+)?", value):
        raise ValueError(
            "write an origin as browsers do, in lower case and without a path: https://app.example.be"
        )
    if value.endswith(":443" if value.startswith("https") else ":80"):
        raise ValueError("leave out the usual port, as browsers do")
    return value


def _network(value: Any) -> IPv4Network | IPv6Network:
    try:
        # A number is an address to Python, and an interface (%) part of one: neither is what a client comes from.
        return ip_network(value if isinstance(value, str) and "%" not in value else "")
    except ValueError as problem:
        raise ValueError(f"{value!r} is no address or network: write 10.0.0.5 or 10.0.0.0/24") from problem


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


class RequestHeaderSettings(Settings):
    """Which headers of a request go on to the register."""

    allow: tuple[Annotated[str, AfterValidator(_header_name)], ...] | None = None
    """The only headers that go on, besides Host, Content-Length, Content-Type, Content-Encoding, Cookie, Authorization and the ones that the gateway sets. Not set: all that are not known to be dangerous."""


class PathSettings(PathOpenings):
    """How the register reads paths, where it lets through more than the strict reading; see the page on paths."""

    case: Literal["sensitive", "insensitive"] = "sensitive"
    """`insensitive`: the register doesn't tell capitals from small letters in paths, so rules don't either."""


class EdgeSettings(Settings):
    """How requests come in: under which names, through which proxies, within which limits."""

    hosts: tuple[Annotated[str, AfterValidator(host_name)], ...] = ()
    """Further host names (host or host:port) of this environment, beside the one of `public_url`."""

    trusted_proxies: tuple[Network, ...] = ()
    """Proxies in front of the gateway whose X-Forwarded-For is believed, as addresses or networks (CIDR). Empty: none."""

    methods: tuple[FurtherMethod, ...] = ()
    """Methods that are accepted besides GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS: PROPFIND and others of WebDAV.
    Rules without `methods` then cover them too."""
    websocket_origins: tuple[Annotated[str, AfterValidator(_origin)], ...] = ()
    """Origins of other sites whose pages may open WebSockets here: https://app.example.be. Pages of `public_url` and `hosts` always may, where the rule allows WebSockets."""

    max_header_bytes: int = Field(default=32_768, ge=8_192, le=1_048_576, strict=True)
    """Most bytes of request line and headers together; more is answered with 414 (a long address) or 431."""

    max_headers: int = Field(default=100, ge=20, le=1_000, strict=True)
    """Most header lines of one request; more is answered with 431."""

    max_body_bytes: int = Field(default=1_073_741_824, ge=0, strict=True)
    """Most bytes of one request body; more is answered with 413."""

    max_connections: int = Field(default=10_000, ge=1, strict=True)
    """Most client connections of one worker process, and never more than the open-file limit leaves room for. A new one takes the place of one that waits for a request; if all are at work it is answered with 503 and closed."""

    max_connections_per_client: int = Field(default=512, ge=1, strict=True)
    """Most connections of one client (an IPv4 address or an IPv6 /64) to one worker process; trusted proxies are not counted. A new one takes the place of one that waits for a request; if all are at work it is answered with 503 and closed."""

    max_new_connections_per_client: int = Field(default=1_000, ge=1, le=MOST_NEW, strict=True)
    """Most new connections a second of one client to one worker process, after the first `max_connections`; trusted proxies are not counted. Further ones are closed without an answer."""

    header_timeout: Duration = 10.0
    """How long a client may take to send its request line and headers; then 408."""

    body_timeout: Duration = 30.0
    """How long a client may pause while it sends a body; over such a time it must also send `min_rate`. Then 408."""

    body_time_limit: Duration = 3600.0
    """How long a client may take to send a whole body; then 408."""

    write_timeout: Duration = 30.0
    """How long a client may stop reading its answer; over such a time it must also take `min_rate`. Then the connection is closed."""

    min_rate: int = Field(default=240, ge=0, strict=True)
    """Fewest bytes a second that a client must send of a body, or take of an answer that waits for it."""

    keep_alive: Duration = 75.0
    """How long an idle connection stays open for the next request."""

    request_headers: RequestHeaderSettings = RequestHeaderSettings()
    """Which headers of a request go on to the register."""

    hsts: str | None = Field(
        default="max-age=31536000", pattern=r"^max-age=\d+(; ?includeSubDomains)?(; ?preload)?$"
    )
    """The Strict-Transport-Security header of every answer where `public_url` is https and the register sends none; `null`: not sent."""

    def of_front(self, peers: tuple[IPv4Network | IPv6Network, ...]) -> EdgeSettings:
        """The limits of a front's listener. A subrequest says an address twice, and peers ask for all clients."""
        return self.model_copy(
            update={
                "trusted_proxies": peers,
                "max_header_bytes": 2 * self.max_header_bytes,
                "max_headers": self.max_headers + 20,
            }
        )

    @property
    def allow(self) -> str:
        """Every accepted method, as the value of an Allow header."""
        return ", ".join(sorted((*METHODS, *self.methods)))


_LONGEST_CACHE: Final = 60.0
_SHORTEST_CACHE: Final = 2.0
# No network of an organisation's own machines has a shorter prefix.
_WIDEST: Final = {4: 8, 6: 32}


def _peers(peers: tuple[IPv4Network | IPv6Network, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    for each in peers:
        if each.prefixlen < _WIDEST[each.version]:
            raise ValueError(
                f"{each} holds much more than your fronts, and whoever asks from there is believed: name their addresses"
            )
    return peers


def _cache(value: float) -> float:
    if 0 < value < _SHORTEST_CACHE:
        raise ValueError(
            f"nginx counts whole seconds, so a decision is kept for {_SHORTEST_CACHE:g}s at least, or for 0s"
        )
    if value > _LONGEST_CACHE:
        raise ValueError(f"a decision is kept for {_LONGEST_CACHE:g}s at most: a logout is late by as much")
    return value


class DrainSettings(Settings):
    """How the gateway stops, so that nobody notices: it serves on while balancers find out, and then ends what is open."""

    wait: Duration = 5.0
    """How long it goes on serving after SIGTERM, while `/readyz` answers 503 and every answer closes its connection. Longer than your balancer takes to notice; 0s: not at all."""

    finish: Duration = 30.0
    """How long requests under way may then take to end; what lasts longer is cut."""


class FrontSettings(Settings):
    """A front that carries requests and asks the gateway about each of them, at a listener of its own."""

    listen: ListenAddress
    """Where the gateway answers this front: HOST:PORT, or unix:PATH, which the file's group may use. Never reachable for clients: what is said there about a request is believed."""

    dialect: Literal["nginx", "haproxy", "traefik", "caddy", "envoy", "envoy-grpc"]
    """How the front asks: nginx (`auth_request`), haproxy, traefik (ForwardAuth), caddy (`forward_auth`), envoy (`ext_authz` over HTTP) or envoy-grpc (the same over gRPC; needs `toegangspoort[grpc]`)."""

    peers: Annotated[tuple[Network, ...], AfterValidator(_peers)] = ()
    """The addresses or networks (CIDR) that the front asks from; others get 403. None for a unix socket."""

    cache: Annotated[Duration, AfterValidator(_cache)] = 0.0
    """How long nginx may use a permission again (`X-Accel-Expires`), at most; `0s`: never. From 2s to 60s."""

    allow_status: Annotated[Literal[200, 202], Whole] = 200
    """The status that allows a request; 202 for configurations that were written for oauth2-proxy."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.socket is None and not self.peers:
            raise ValueError(
                "name the `peers` that may ask here, such as [127.0.0.1/32]: what they say about a request is believed"
            )
        if self.socket is not None and self.peers:
            raise ValueError("a unix socket has no `peers`: the permissions of its file say who may ask")
        if self.cache and self.dialect != "nginx":
            raise ValueError(f"only nginx keeps decisions: leave out `cache` for {self.dialect}")
        if self.socket is not None and self.grpc:
            raise ValueError("gRPC is answered at HOST:PORT alone: write 127.0.0.1:PORT, with `peers`")
        if self.allow_status == 202 and self.dialect in ("envoy", "envoy-grpc"):
            raise ValueError("Envoy takes 200 alone for a permission: leave out `allow_status`")
        return self

    @property
    def engine(self) -> str:
        """The program that asks, as `gateway render` names it."""
        return self.dialect.removesuffix("-grpc")

    @property
    def grpc(self) -> bool:
        """Whether the front asks over gRPC."""
        return self.dialect == "envoy-grpc"

    @property
    def socket(self) -> str | None:
        """The path of the unix socket; None for an address."""
        return self.listen.removeprefix(UNIX) if self.listen.startswith(UNIX) else None
