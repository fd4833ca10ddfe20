"""The end of a request that a front carries: permission, with the headers that the register must get."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.caching.object_memo import ObjectMemo
from gateway.edge.fronts import REMOVED, Front
from gateway.edge.headers import would_pass_for_forwarding
from gateway.errors import BadRequest
from gateway.exchange import Exchange
from gateway.handling import Handling
from gateway.http_semantics import HOP_BY_HOP, HeaderLine
from gateway.identity.header_names import fold_header_name
from gateway.model import CanonicalRequest
from gateway.pipeline.attach import Attach
from gateway.pipeline.cross_origin import cors_lines
from gateway.pipeline.permission_lifetime import PermissionLifetime
from gateway.policy.ruleset import RuleSet

UPSTREAM: Final = b"x-toegangspoort-upstream"
_ACCEL: Final = b"x-accel-expires"
# nginx takes these for what the gateway says, wherever they come from.
_OF_NGINX: Final = b"x-accel-"
_VARY: Final = b"vary"
_CACHE_CONTROL: Final = b"cache-control"
# What Envoy writes itself, and what it needs to carry the request.
_OF_THE_FRONT: Final = HOP_BY_HOP | frozenset(
    b"host content-length expect via x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port x-request-id".split()
)
_OF_ENVOY: Final = b"x-envoy-"


class _Changed(NamedTuple):
    """The headers of requests that some rule sets or removes, and those of answers that some rule sets."""

    requests: frozenset[bytes]
    answers: frozenset[bytes]


class Permission(NamedTuple):
    """The header lines of a permission, by whom they are for."""

    register: list[HeaderLine]
    """In place of the client's."""
    client: list[HeaderLine]
    """Fronts that can, add them to the answer of the register."""
    front: list[HeaderLine]

    @property
    def lines(self) -> list[HeaderLine]:
        """All in one head, as HTTP says them."""
        return [*self.register, *self.front, *self.client]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Allows a request at one front."""

    front: Front
    attach: Attach
    lifetime: PermissionLifetime
    _changed: ObjectMemo[RuleSet, _Changed] = field(default_factory=lambda: ObjectMemo(_changed_by, 2))

    def permission(self, exchange: Exchange) -> Permission:
        """Its header lines, without id and cookies. Raises BadRequest for headers that would pass for ours."""
        request, handling = exchange.admitted, exchange.handling
        ours = self.attach.lines(exchange)
        if not (self.front.removes or self.front.replaces_all):
            self._check_passed(request, ours)
        changed = self._changed(self.lifetime.validity.rules())
        # Fronts know one list of names: what another rule changes, the client's own value stands for here, where it goes on.
        own = changed.requests - ours.keys()
        stopped = self.attach.dropped(request) if own else frozenset()
        ours.update((name, b"" if name in stopped else request.header(name) or b"") for name in own)
        ours[UPSTREAM] = handling.upstream.encode("ascii")
        register, answer = list(ours.items()), [(b"content-length", b"0")]
        if self.front.removes:
            register = [(name, value) for name, value in register if value]
            answer.append((REMOVED, b",".join(sorted(self._gone(self.attach.dropped(request), ours)))))
        if self.front.replaces_all:
            # It would obey these itself; without them the register gets none.
            register = [line for line in register if not line[0].startswith(_OF_NGINX)]
        client = _for_client(handling, request)
        # Where an answer may be kept, nothing else must say that it may not.
        seconds = self.lifetime.seconds(exchange) if self.front.caches else 0
        if self.front.caches:
            answer.append((_ACCEL, b"%d" % seconds))
            client = self._kept_apart(client, own, answer)
        # A front tells clients or the register what it is told of such a header, in place of their own.
        if not seconds and not any(_CACHE_CONTROL in names for names in changed):
            answer.append((_CACHE_CONTROL, b"no-store"))
        return Permission(register, client, answer)

    @staticmethod
    def _kept_apart(
        client: list[HeaderLine], own: frozenset[bytes], answer: list[HeaderLine]
    ) -> list[HeaderLine]:
        """Say in `answer` by which headers of clients nginx must tell permissions apart; what is left for the client.

        In one line: nginx reads the last.
        """
        vary = sorted(own) + [value for name, value in client if name == _VARY]
        if vary:
            answer.append((_VARY, b", ".join(vary)))
        return [line for line in client if line[0] != _VARY and not line[0].startswith(_OF_NGINX)]

    def _gone(self, dropped: Iterable[bytes], ours: dict[bytes, bytes]) -> set[bytes]:
        gone = {name for name, value in ours.items() if not value}
        gone.update(name for name in dropped if not ours.get(name))
        return {
            name
            for name in gone
            if name not in _OF_THE_FRONT and not name.startswith(_OF_ENVOY) and b"," not in name
        }

    def _check_passed(self, request: CanonicalRequest, ours: dict[bytes, bytes]) -> None:
        """This front takes our headers in, but leaves those of the client that have another spelling, or no value of ours."""
        for name in self.attach.forged(request):
            if not ours.get(name):
                raise BadRequest(f"header {name[:80]!r} would reach the register", code="header-forged")
        for name, _ in request.headers:
            if would_pass_for_forwarding(name, fold_header_name(name)):
                raise BadRequest(f"header {name[:80]!r} would pass for one of a proxy", code="header-forged")
        if request.websocket is None and request.header(b"upgrade") is not None:
            # To h2c, say: what follows would be requests that nobody judges.
            raise BadRequest("the register would be asked for another protocol", code="upgrade")


def _for_client(handling: Handling, request: CanonicalRequest) -> list[HeaderLine]:
    """What the rule adds to the answer of the register."""
    found: list[HeaderLine] = []
    if handling.response_headers is not None:
        found += handling.response_headers.set
    if handling.cors is not None:
        found += cors_lines(handling.cors, request)
    return found


def _changed_by(rules: RuleSet) -> _Changed:
    requests: set[bytes] = set()
    answers: set[bytes] = set()
    for rule in rules.every:
        changes = rule.handling.request_headers
        if changes is not None:
            requests.update(changes.remove, (name for name, _ in changes.set))
        told = rule.handling.response_headers
        if told is not None:
            answers.update(name for name, _ in told.set)
    return _Changed(frozenset(requests), frozenset(answers))
