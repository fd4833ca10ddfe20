"""The end of a request that a front carries: permission, with the headers that the register must get."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.caching.known_lines import with_passing
from gateway.caching.object_memo import ObjectMemo
from gateway.edge.fronts import REMOVED, Front
from gateway.exchange import Exchange
from gateway.handling import Handling
from gateway.http_semantics import HeaderLine, HeaderLines
from gateway.model import CanonicalRequest
from gateway.pipeline.cross_origin import cors_lines
from gateway.pipeline.permission_lifetime import PermissionLifetime
from gateway.pipeline.register_lines import OF_NGINX, KnownRegisterLines
from gateway.policy.ruleset import RuleSet

_ACCEL: Final = b"x-accel-expires"
_VARY: Final = b"vary"
_CACHE_CONTROL: Final = b"cache-control"


class _Changed(NamedTuple):
    """The headers of requests that some rule sets or removes, and those of answers that some rule sets."""

    requests: frozenset[bytes]
    answers: frozenset[bytes]


class Permission(NamedTuple):
    """The header lines of a permission, by whom they are for."""

    register: HeaderLines
    """In place of the client's."""
    client: list[HeaderLine]
    """Fronts that can, add them to the answer of the register."""
    front: list[HeaderLine]

    @property
    def lines(self) -> HeaderLines:
        """All in one head, as HTTP says them."""
        return with_passing(self.register, (*self.front, *self.client))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Allows a request at one front."""

    front: Front
    register: KnownRegisterLines
    lifetime: PermissionLifetime
    _changed: ObjectMemo[RuleSet, _Changed] = field(default_factory=lambda: ObjectMemo(_changed_by, 2))

    def permission(self, exchange: Exchange) -> Permission:
        """Its header lines, without id and cookies. Raises BadRequest for headers that would pass for ours."""
        changed = self._changed(self.lifetime.validity.rules())
        register = self.register(exchange, changed.requests)
        answer = [(b"content-length", b"0")]
        if self.front.removes:
            answer.append((REMOVED, register.removed))
        client = _for_client(exchange.handling, exchange.admitted)
        # Where an answer may be kept, nothing else must say that it may not.
        seconds = self.lifetime.seconds(exchange) if self.front.caches else 0
        if self.front.caches:
            answer.append((_ACCEL, b"%d" % seconds))
            client = self._kept_apart(client, register.own, answer)
        # A front tells clients or the register what it is told of such a header, in place of their own.
        if not seconds and not any(_CACHE_CONTROL in names for names in changed):
            answer.append((_CACHE_CONTROL, b"no-store"))
        return Permission(register.lines, client, answer)

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
        return [line for line in client if line[0] != _VARY and not line[0].startswith(OF_NGINX)]


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
