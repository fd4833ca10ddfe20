"""What the configuration of a front has to say, taken from one environment of config.yaml and the options of the command."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from gateway.config import Config
from gateway.config.model import EnvironmentSettings
from gateway.cookies import Cookie
from gateway.edge.settings import FrontSettings
from gateway.render.address import Endpoint, endpoint, host_of
from gateway.render.errors import NotRendered
from gateway.upstream.credentials import Credentials
from gateway.upstream.settings import UpstreamSettings

# What browsers and programs send and registers read, where `edge.request_headers.allow` names nothing.
_USUAL: Final = (
    "Accept", "Accept-Language", "Accept-Encoding", "Cache-Control", "Content-Language", "Depth", "Destination",
    "Faces-Request", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Last-Event-Id",
    "Origin", "Overwrite", "Pragma", "Prefer", "Range", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site",
    "Sec-Fetch-User", "SOAPAction", "User-Agent", "X-CSRF-Token", "X-Requested-With", "X-XSRF-Token",
)  # fmt: skip
_ESSENTIAL: Final = ("Content-Type", "Content-Encoding")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_OF_EVERY_PERMISSION: Final = ("cookie", "authorization", "x-toegangspoort-upstream")
_CORS: Final = (
    "access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GatewayListeners:
    """One gateway: its public listener, and the one for this front."""

    public: Endpoint
    verdicts: Endpoint


@dataclass(frozen=True, slots=True)
class Register:
    """An upstream: its name in rules, its servers, and the Host that it gets (empty: the client's). Times in seconds."""

    name: str
    settings: UpstreamSettings
    servers: tuple[Endpoint, ...]
    secure: bool
    host: str
    patience: float

    @property
    def prefixed(self) -> bool:
        """Whether it gets another target than the client sent."""
        return bool(self.settings.strip_prefix or self.settings.add_prefix)

    @property
    def scheme(self) -> str:
        """What its servers speak."""
        return "https" if self.secure else "http"


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate with its chain, and its private key, by their paths on the machine of the front."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class Site:
    """One environment, as one front carries it.

    `replaced` are the headers that the register gets from the permission in place of the client's, `passed` those of the
    client that may go on, `forged` those that nobody but the gateway may send, `told` those of a permission that the client gets. `methods` are the accepted ones; `tls` is None
    on http. `listen` is where the front listens, `inner` where Traefik hears itself, `port` the
    one that people use.
    """

    environment: str
    front: str
    settings: EnvironmentSettings
    asking: FrontSettings
    gateways: tuple[GatewayListeners, ...]
    registers: tuple[Register, ...]
    listen: Endpoint
    inner: Endpoint
    port: int
    names: tuple[str, ...]
    tls: Tls | None
    replaced: tuple[str, ...]
    passed: tuple[str, ...]
    forged: tuple[str, ...]
    told: tuple[str, ...]
    cors: bool
    websocket: bool
    cookie: str

    @property
    def loops(self) -> bool:
        """Whether Traefik must send requests and subrequests through itself, to choose among several receivers."""
        return (
            len(self.registers) > 1 or len(self.gateways) > 1 or bool(self.registers[0].settings.strip_prefix)
        )

    @property
    def mark(self) -> str:
        """What names in the configuration begin with, so that two environments fit in one server."""
        return f"tgp_{self.environment}"


@dataclass(frozen=True, slots=True)
class Options:
    """What config.yaml doesn't say. `gateways` are written HOST or PUBLIC,VERDICTS, `listen` HOST:PORT."""

    front: str = ""
    gateways: Sequence[str] = ()
    listen: str = ""
    certificate: str = ""
    key: str = ""
    inner: str = "127.0.0.1:8009"


def front_site(config: Config, environment: str, engine: str, options: Options) -> Site:
    """The site as a front of this engine carries it. Raises NotRendered and ConfigError."""
    settings = config.environment(environment)
    front = _front(settings, environment, engine, options.front)
    asking, rules = settings.fronts[front], config.rules[environment].every
    handlings = [rule.handling for rule in rules]
    websocket = any(rule.websocket for rule in rules)
    secure = settings.public_url.startswith("https:")
    fixed = [name for each in settings.every_upstream.values() for name in Credentials(each).names]
    changed = {
        name.decode("ascii")
        for each in handlings
        if each.request_headers is not None
        for name in (*(line[0] for line in each.request_headers.set), *each.request_headers.remove)
    }
    replaced = _distinct((*config.identity.headers, settings.assertion.header, *fixed, *sorted(changed)))
    check_names(replaced)
    cors = any(each.cors is not None for each in handlings)
    told = (*_told(handlings), *(_CORS if cors else ()))
    if not asking.grpc:
        _check_told(told, replaced)
    port = urlsplit(settings.public_url).port or (443 if secure else 80)
    listen = _listening(options.listen) if options.listen else Endpoint("0.0.0.0", port)  # noqa: S104
    return Site(
        environment=environment,
        front=front,
        settings=settings,
        asking=asking,
        gateways=_gateways(settings, front, options.gateways),
        registers=tuple(_register(name, each, websocket) for name, each in settings.every_upstream.items()),
        listen=listen,
        inner=_listening(options.inner),
        port=port,
        names=_distinct(
            urlsplit(f"//{each}").hostname or ""
            for each in (urlsplit(settings.public_url).netloc, *settings.edge.hosts)
        ),
        tls=_tls(environment, options) if secure else None,
        replaced=_others(replaced),
        passed=_passed(settings, replaced),
        forged=_others(
            (*config.identity.headers, settings.assertion.header, *config.identity.strip_headers, *fixed)
        ),
        told=told,
        cors=cors,
        websocket=websocket,
        cookie=Cookie.of(environment, "session", secure=secure).name,
    )


def _listening(text: str) -> Endpoint:
    """Behind a unix socket a front would know no addresses of clients."""
    found = endpoint(text)
    if found.socket:
        raise NotRendered(f"a front listens at HOST:PORT, not at {text}")
    return found


def _front(settings: EnvironmentSettings, environment: str, engine: str, wanted: str) -> str:
    fitting = [name for name, each in settings.fronts.items() if each.engine == engine]
    if wanted in fitting:
        return wanted
    if wanted:
        found = settings.fronts.get(wanted)
        words = (
            f"has no front {wanted!r}" if found is None else f"has {wanted!r} as a front for {found.dialect}"
        )
        raise NotRendered(f"environment {environment!r} {words}: {_named(fitting)}")
    if len(fitting) != 1:
        raise NotRendered(
            f"environment {environment!r} has {len(fitting) or 'no'} fronts with `dialect: {engine}`: {_named(fitting)}"
        )
    return fitting[0]


def _named(fitting: Sequence[str]) -> str:
    if fitting:
        return f"name one with --front: {', '.join(fitting)}"
    return "add one under `fronts:`, see docs/fronts.md"


def _gateways(
    settings: EnvironmentSettings, front: str, given: Sequence[str]
) -> tuple[GatewayListeners, ...]:
    public, verdicts = endpoint(settings.listen), endpoint(settings.fronts[front].listen)
    found = [_gateway(each, public, verdicts) for each in given] or [GatewayListeners(public, verdicts)]
    for each in found:
        for where, at in (("listen", each.public), (f"fronts.{front}.listen", each.verdicts)):
            if at.everywhere:
                raise NotRendered(
                    f"`{where}` is {at.authority}, all addresses of its machine: name those that the front reaches"
                    " with --gateway HOST"
                )
    for listener in ([each.public for each in found], [each.verdicts for each in found]):
        if len(set(listener)) < len(listener):
            raise NotRendered("a gateway is named twice with --gateway")
    return tuple(found)


def _gateway(given: str, public: Endpoint, verdicts: Endpoint) -> GatewayListeners:
    first, comma, second = given.partition(",")
    if comma:
        return GatewayListeners(endpoint(first), endpoint(second))
    host = host_of(given)
    if public.socket or verdicts.socket:
        raise NotRendered(
            f"a unix socket is on one machine: write --gateway {given}:PORT,{given}:PORT with the public listener and the"
            " one for the front"
        )
    return GatewayListeners(public._replace(host=host), verdicts._replace(host=host))


def _register(name: str, settings: UpstreamSettings, websocket: bool) -> Register:
    addresses = settings.addresses
    host = settings.host or ("" if settings.pass_host else addresses[0].authority.decode("ascii"))
    if len({each.secure for each in addresses}) > 1:
        raise NotRendered(
            f"upstream {name!r} has servers with http and with https: a front speaks one of them to all its servers"
        )
    patience = max(settings.response_timeout, settings.idle_timeout)
    if websocket:
        patience = max(patience, settings.websockets.idle_timeout)
    return Register(
        name,
        settings,
        tuple(
            Endpoint("", 0, each.socket) if each.socket is not None else Endpoint(each.host, each.port)
            for each in addresses
        ),
        addresses[0].secure,
        host,
        patience,
    )


def _tls(environment: str, options: Options) -> Tls:
    usual = f"/etc/toegangspoort/tls/{environment}"
    return Tls(options.certificate or f"{usual}.crt", options.key or f"{usual}.key")


def _passed(settings: EnvironmentSettings, replaced: Iterable[str]) -> tuple[str, ...]:
    allowed = settings.edge.request_headers.allow
    ours = {name.lower() for name in replaced} | {"cookie", "authorization"}
    names = _distinct((*_ESSENTIAL, *(_USUAL if allowed is None else allowed)))
    return tuple(name for name in names if name.lower() not in ours)


def _told(handlings: Iterable[object]) -> Iterator[str]:
    names: set[str] = set()
    for each in handlings:
        changes = getattr(each, "response_headers", None)
        if changes is not None:
            names.update(name.decode("ascii") for name, _ in changes.set)
    yield from sorted(names)


def _check_told(told: Iterable[str], replaced: Iterable[str]) -> None:
    """Over HTTP a permission is one head: what is for the register would be told to the client, or the other way round."""
    taken = {*_OF_EVERY_PERMISSION, *(name.lower() for name in replaced)}
    for name in told:
        if name in taken:
            raise NotRendered(
                f"the header {name} is one that the register gets from a permission, and one that `response_headers` or `cors`"
                " gives the client: a front can't tell them apart, except Envoy over gRPC (`dialect: envoy-grpc`). Use two names"
            )


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.lower(), name)
    return tuple(found.values())


def _others(names: Iterable[str]) -> tuple[str, ...]:
    """Without the two that every permission has."""
    return tuple(name for name in _distinct(names) if name.lower() not in ("cookie", "authorization"))


def check_names(names: Iterable[str]) -> None:
    """Raises NotRendered for a header with a name that not every engine can write."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise NotRendered(
                f"the header {name} has signs that fronts can't carry: use letters, digits, - and _ in `identity.headers`"
            )
