"""What a front asks: the request that it has before it, read from the subrequest that it sends to ask.

Believed only at the front's own listener, from its peers. On the public listener these headers mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from gateway.caching.known_lines import RepeatedLines, parted, with_passing
from gateway.caching.object_memo import ObjectMemo
from gateway.edge.client import ClientAddress, Network
from gateway.edge.settings import FrontSettings
from gateway.edge.synthetic_scope import synthetic_scope
from gateway.errors import InternalFault
from gateway.http_semantics import HeaderLine, HeaderLines

Scope = Mapping[str, Any]
Kind = Literal["verdict", "page"]

PAGE: Final = "/page"
PERMISSION: Final = "toegangspoort.permission"
"""The ASGI extension of a listener that is told apart, in the start of a permission, what is for the client."""
REMOVED: Final = b"x-envoy-auth-headers-to-remove"
"""Envoy removes the client's headers that this one names."""
_VERDICT_ID: Final = b"x-verdict-id"
_ID: Final = re.compile(rb"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class _Dialect:
    """Where a front of this kind asks, and the header lines in which it says what it has before it.

    With a `prefix` the path of the request follows after one of the paths, and the method and host are those of the
    subrequest. `brief`: it passes on no answer but 401 and 403, without their content, and asks for a page in a second
    request. `removes`: it removes headers that the answer names.
    """

    paths: tuple[str, ...]
    method: bytes = b""
    target: bytes = b""
    host: bytes = b"host"
    prefix: bool = False
    brief: bool = False
    removes: bool = False
    allows: range = range(200, 300)


_ORIGINAL: Final = _Dialect(
    ("/auth", "/oauth2/auth", "/authz/auth-request"), b"x-original-method", b"x-original-uri", brief=True
)
_FORWARDED: Final = _Dialect(
    ("/auth", "/oauth2/auth", "/authz/forward-auth"),
    b"x-forwarded-method",
    b"x-forwarded-uri",
    b"x-forwarded-host",
)
_BEFORE_THE_PATH: Final = _Dialect(
    ("/auth/", "/oauth2/auth/", "/authz/ext-authz/"), prefix=True, removes=True, allows=range(200, 201)
)
_DIALECTS: Final[Mapping[str, _Dialect]] = {
    "nginx": _ORIGINAL,
    "haproxy": _ORIGINAL,
    "traefik": _FORWARDED,
    "caddy": _FORWARDED,
    "envoy": _BEFORE_THE_PATH,
    "envoy-grpc": _BEFORE_THE_PATH,
}
# The address is resolved here, and Host is that of the request; a body's framing is that of the subrequest.
_SAID: Final = frozenset((b"host", b"x-forwarded-for"))
_FRAMING: Final = frozenset((b"content-length", b"transfer-encoding"))


class _Before(NamedTuple):
    """What the header lines of a subrequest say about the request that the front has before it."""

    method: str
    target: bytes
    headers: HeaderLines
    client: str


class Front:
    """One front by its name. `proxies` are trusted proxies between the front and the client."""

    def __init__(self, name: str, settings: FrontSettings, proxies: Sequence[Network]) -> None:
        self.name = name
        self.settings = settings
        self._dialect = _DIALECTS[settings.dialect]
        peers = ClientAddress(settings.peers)
        # The same for all subrequests of a connection.
        self._peer: ObjectMemo[tuple[str, int], bool] = ObjectMemo(lambda client: peers.trusts(client[0]))
        self._clients = ClientAddress(proxies)
        self._known = ObjectMemo(self._before)

    @property
    def brief(self) -> bool:
        """Whether it drops the content of a refusal, and asks for it again at the page endpoint."""
        return self._dialect.brief

    @property
    def removes(self) -> bool:
        """Whether it removes the client's headers that an answer names."""
        return self._dialect.removes

    @property
    def caches(self) -> bool:
        """Whether it keeps permissions for as long as an answer says."""
        return self.settings.dialect == "nginx"

    @property
    def replaces_all(self) -> bool:
        """Whether no header reaches the register but those that its configuration names."""
        return self.settings.dialect == "nginx"

    def believes(self, scope: Scope) -> bool:
        """Whether who asks is one of its peers."""
        if self.settings.socket is not None:
            return True
        client = scope.get("client")
        return client is not None and self._peer(client)

    def allows(self, status: int) -> bool:
        """Whether the front takes this status for a permission."""
        return status in self._dialect.allows

    def kind(self, path: str) -> Kind | None:
        """What is asked at this path; None where there is nothing."""
        if self._dialect.prefix:
            return "verdict" if path.startswith(self._dialect.paths) else None
        if path in self._dialect.paths:
            return "verdict"
        return "page" if path == PAGE and self._dialect.brief else None

    def asked(self, scope: Scope, kind: Kind) -> dict[str, Any]:
        """The ASGI scope of the request that the front has before it. Raises InternalFault where the subrequest lacks it."""
        lines: Sequence[HeaderLine] = scope["headers"]
        passing: HeaderLines = ()
        if kind == "page":
            before = self._before(lines, _SAID)
        else:
            repeated, passing = parted(lines)
            before = self._known(repeated) if repeated is not None else self._before(lines)
        method, target, headers, client = before
        headers = with_passing(headers, passing)
        if self._dialect.prefix:
            method, target = scope["method"], _behind(scope["raw_target"], self._dialect.paths)
        asked = {**scope, **synthetic_scope(method, target, headers, client)}
        # Nothing is opened here: the front does that.
        asked.pop("extensions", None)
        return asked

    def _before(self, lines: Sequence[HeaderLine], dropped: Container[bytes] = _SAID | _FRAMING) -> _Before:
        """Without the method and target that a dialect says in the request line."""
        dialect, method, target = self._dialect, "", b""
        if not dialect.prefix:
            method = self._said(lines, dialect.method).decode("latin-1")
            target = self._said(lines, dialect.target)
        host = self._said(lines, dialect.host)
        client = self._clients.behind([value for name, value in lines if name == b"x-forwarded-for"])
        headers = [(b"host", host), *(line for line in lines if line[0] not in dropped)]
        _restore_upgrade(headers)
        return _Before(
            method, target, RepeatedLines(headers) if type(lines) is RepeatedLines else tuple(headers), client
        )

    def _said(self, lines: Iterable[HeaderLine], name: bytes) -> bytes:
        values = [value for each, value in lines if each == name]
        if len(values) != 1:
            raise InternalFault(
                f"front {self.name!r} must say {name.decode()} once, and says it {len(values)} times: see docs/fronts.md"
            )
        return values[0]


def verdict_id(scope: Scope) -> str:
    """The id of the verdict that a page is asked for; empty where the front does not say it."""
    values = [value for name, value in scope["headers"] if name == _VERDICT_ID]
    return values[0].decode("ascii") if len(values) == 1 and _ID.fullmatch(values[0]) else ""


def _behind(target: bytes, prefixes: Iterable[str]) -> bytes:
    """The target behind the prefix that it begins with."""
    for prefix in prefixes:
        if target.startswith(prefix.encode("ascii")):
            return target[len(prefix) - 1 :]
    raise InternalFault("the target of the subrequest does not begin as its path does")


def _restore_upgrade(headers: list[HeaderLine]) -> None:
    """Fronts keep Upgrade to themselves, as it is about one connection; a WebSocket is known by its key too."""
    names = {name for name, _ in headers}
    if b"sec-websocket-key" in names and b"upgrade" not in names:
        headers[:] = [line for line in headers if line[0] != b"connection"]
        headers += ((b"connection", b"upgrade"), (b"upgrade", b"websocket"))
