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
from gateway.http_semantics import HOP_BY_HOP
from gateway.identity.names import fold
from gateway.model import CanonicalRequest
from gateway.pipeline.attach import Attach
from gateway.pipeline.cross_origin import answer_fields
from gateway.pipeline.permission_lifetime import PermissionLifetime
from gateway.policy.ruleset import RuleSet

Lines = list[tuple[bytes, bytes]]

UPSTREAM: Final = b"x-toegangspoort-upstream"
_ACCEL: Final = b"x-accel-expires"
# What Envoy writes itself, and what it needs to carry the request.
_OF_THE_FRONT: Final = HOP_BY_HOP | frozenset(
    b"host content-length expect via x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port x-request-id".split()
)
_OF_ENVOY: Final = b"x-envoy-"


class Permission(NamedTuple):
    """The header lines of a permission, by whom they are for."""

    register: Lines
    """In place of the client's."""
    client: Lines
    """Fronts that can, add them to the answer of the register."""
    front: Lines

    @property
    def lines(self) -> Lines:
        """All in one head, as HTTP says them."""
        return [*self.register, *self.front, *self.client]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Allows a request at one front."""

    front: Front
    attach: Attach
    lifetime: PermissionLifetime
    _changed: ObjectMemo[RuleSet, frozenset[bytes]] = field(
        default_factory=lambda: ObjectMemo(_changed_by, 2)
    )

    def permission(self, exchange: Exchange) -> Permission:
        """Its header lines, without id and cookies. Raises BadRequest for headers that would pass for ours."""
        request, handling = exchange.admitted, exchange.handling
        ours = self.attach.lines(exchange)
        if not (self.front.removes or self.front.replaces_all):
            self._check_passed(request, ours)
        # Fronts know one list of names: what another rule changes, the client's own value stands for here.
        for name in self._changed(self.lifetime.same.rules()):
            if name not in ours:
                ours[name] = request.header(name) or b""
        ours[UPSTREAM] = handling.upstream.encode("ascii")
        register, answer = list(ours.items()), [(b"content-length", b"0")]
        if self.front.removes:
            register = [(name, value) for name, value in register if value]
            answer.append((REMOVED, b",".join(sorted(self._gone(self.attach.dropped(request), ours)))))
        # Where an answer may be kept, nothing else must say that it may not.
        seconds = self.lifetime.seconds(exchange) if self.front.caches else 0
        if self.front.caches:
            answer.append((_ACCEL, b"%d" % seconds))
        if not seconds:
            answer.append((b"cache-control", b"no-store"))
        client: Lines = []
        if handling.response_headers is not None:
            client += handling.response_headers.set
        if handling.cors is not None:
            client += answer_fields(handling.cors, request)
        return Permission(register, client, answer)

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
            if would_pass_for_forwarding(name, fold(name)):
                raise BadRequest(f"header {name[:80]!r} would pass for one of a proxy", code="header-forged")
        if request.websocket is None and request.header(b"upgrade") is not None:
            # To h2c, say: what follows would be requests that nobody judges.
            raise BadRequest("the register would be asked for another protocol", code="upgrade")


def _changed_by(rules: RuleSet) -> frozenset[bytes]:
    """The headers of a request that some rule sets or removes."""
    found: set[bytes] = set()
    for rule in rules.every:
        changes = rule.handling.request_headers
        if changes is not None:
            found.update(changes.remove, (name for name, _ in changes.set))
    return frozenset(found)
