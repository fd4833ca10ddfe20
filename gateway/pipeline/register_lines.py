"""The headers that the register must get of a front, in place of the client's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from gateway.caching.known_lines import RepeatedLines, parted
from gateway.caching.recent import Recent
from gateway.edge.fronts import Front
from gateway.edge.headers import would_pass_for_forwarding
from gateway.errors import BadRequest
from gateway.exchange import Exchange
from gateway.handling import Handling
from gateway.http_semantics import HOP_BY_HOP, HeaderLines
from gateway.identity.header_names import fold_header_name
from gateway.model import CanonicalRequest, Identity
from gateway.pipeline.attach import Attach

UPSTREAM: Final = b"x-toegangspoort-upstream"
# nginx takes these for what the gateway says, wherever they come from.
OF_NGINX: Final = b"x-accel-"
# What Envoy writes itself, and what it needs to carry the request.
_OF_THE_FRONT: Final = HOP_BY_HOP | frozenset(
    b"host content-length expect via x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port x-request-id".split()
)
_OF_ENVOY: Final = b"x-envoy-"
_SIZE: Final = 2_048
# Seconds; as long as an assertion may be given again.
_LONGEST: Final = 60.0


class RegisterLines(NamedTuple):
    """What a front must do with the client's headers; an empty value stands for none."""

    lines: HeaderLines
    own: frozenset[bytes]
    """The names in `lines` whose value is the client's own, because other rules change it."""
    removed: bytes
    """The names that a front must remove, where it removes any."""


class _About(NamedTuple):
    """All that the lines of a request without a body follow from, beside the names of passing lines."""

    repeated: RepeatedLines
    identity: Identity | None
    handling: Handling
    assertion: str


_Key = tuple[int, int, int, str, tuple[bytes, ...]]


class KnownRegisterLines:
    """Makes them for one front, once for header lines that come again, of the same caller under the same rules."""

    def __init__(self, front: Front, attach: Attach, clock: Callable[[], float]) -> None:
        self._front = front
        self._attach = attach
        self._clock = clock
        self._named: frozenset[bytes] = frozenset()
        # What the ids in a key stand for is kept beside the value: otherwise they could come to stand for other objects.
        self._known: Recent[_Key, tuple[_About, RegisterLines]] = self._none()

    def __call__(self, exchange: Exchange, named: frozenset[bytes]) -> RegisterLines:
        """`named` are the headers of requests that some rule in force sets or removes, the same object for the same rules.

        Raises BadRequest for headers that would pass for ours.
        """
        if named is not self._named:
            self._known, self._named = self._none(), named
        request = exchange.admitted
        repeated, passing = parted(request.headers)
        assertion = self._attach.assertion(exchange)
        if repeated is None or request.websocket is not None:
            return self._of(exchange, assertion)
        about = _About(repeated, exchange.caller.identity, exchange.handling, assertion or "")
        names = tuple(name for name, _ in passing)
        key = (id(repeated), id(about.identity), id(about.handling), about.assertion, names)
        known = self._known.get(key)
        if known is not None:
            return known[1]
        made = self._of(exchange, assertion)
        if made.own.isdisjoint(names):
            made = made._replace(lines=RepeatedLines(made.lines))
            self._known[key] = about, made
        return made

    def _of(self, exchange: Exchange, assertion: str | None) -> RegisterLines:
        request, front, attach = exchange.admitted, self._front, self._attach
        ours = attach.lines(exchange, assertion)
        if not (front.removes or front.replaces_all):
            self._check_passed(request, ours)
        # Fronts know one list of names: what another rule changes, the client's own value stands for here, where it goes on.
        own = self._named - ours.keys()
        dropped = attach.dropped(request) if own or front.removes else frozenset()
        ours.update((name, b"" if name in dropped else request.header(name) or b"") for name in own)
        ours[UPSTREAM] = exchange.handling.upstream.encode("ascii")
        lines, removed = ours.items(), b""
        if front.removes:
            removed = b",".join(sorted(_gone(dropped, ours)))
            return RegisterLines(tuple(line for line in lines if line[1]), own, removed)
        if front.replaces_all:
            # It would obey these itself; without them the register gets none.
            return RegisterLines(
                tuple(line for line in lines if not line[0].startswith(OF_NGINX)), own, removed
            )
        return RegisterLines(tuple(lines), own, removed)

    def _check_passed(self, request: CanonicalRequest, ours: dict[bytes, bytes]) -> None:
        """This front takes our headers in, but leaves those of the client that have another spelling, or no value of ours."""
        for name in self._attach.forged(request):
            if not ours.get(name):
                raise BadRequest(f"header {name[:80]!r} would reach the register", code="header-forged")
        for name, _ in request.headers:
            if would_pass_for_forwarding(name, fold_header_name(name)):
                raise BadRequest(f"header {name[:80]!r} would pass for one of a proxy", code="header-forged")
        if request.websocket is None and request.header(b"upgrade") is not None:
            # To h2c, say: what follows would be requests that nobody judges.
            raise BadRequest("the register would be asked for another protocol", code="upgrade")

    def _none(self) -> Recent[_Key, tuple[_About, RegisterLines]]:
        return Recent(_SIZE, _LONGEST, self._clock)


def _gone(dropped: Iterable[bytes], ours: dict[bytes, bytes]) -> set[bytes]:
    gone = {name for name, value in ours.items() if not value}
    gone.update(name for name in dropped if not ours.get(name))
    return {
        name
        for name in gone
        if name not in _OF_THE_FRONT and not name.startswith(_OF_ENVOY) and b"," not in name
    }
