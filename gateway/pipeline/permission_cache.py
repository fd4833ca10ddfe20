"""The cache of permissions, for requests that come again: the same octets, session and rules are judged once."""

from __future__ import annotations

from typing import Final

from gateway.caching.known_lines import RepeatedLines, parted
from gateway.caching.recent import Recent
from gateway.caching.seen import Seen
from gateway.exchange import Exchange
from gateway.pipeline.cached_permission import CachedPermission
from gateway.pipeline.permission_validity import PermissionValidity
from gateway.pipeline.pipeline import Pipeline
from gateway.policy.ruleset import RuleSet

_SIZE: Final = 2_048
# Seconds. All that a permission rests on is looked at each time; this bounds what a fault there could do.
_LONGEST: Final = 60.0

_Key = tuple[int, str, bytes, str]


class PermissionCache:
    """The permissions of one listener in one worker process."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._stages = pipeline
        self._rules = pipeline.judge.authorize.rules
        self._validity = PermissionValidity(self._rules)
        self._seen = Seen()
        # The lines are kept beside the permission: otherwise their id() could come to stand for others.
        self._cached: Recent[_Key, tuple[RepeatedLines, CachedPermission]] = self._none()
        self._of: RuleSet | None = None

    def allow(self, exchange: Exchange) -> bool:
        """The stages up to the decision without waiting, or what they came to before; False where the request must go the
        general way. Raises a GatewayError.
        """
        stages, rules = self._stages, self._rules()
        if rules is not self._of:
            # Nothing may keep the earlier rules in memory.
            self._cached, self._of = self._none(), rules
        scope = exchange.scope
        lines, _ = parted(scope["headers"])
        key = (id(lines), scope["method"], scope["raw_target"], exchange.peer)
        if lines is not None and self._give(exchange, lines, key):
            return True
        stages.admit(exchange)
        if exchange.admitted.method == "OPTIONS" or not stages.route.goes_on(exchange):
            return False  # perhaps a preflight, or an own path
        if not stages.judge.at_once(exchange):
            return False
        if lines is not None and self._seen.before(key):
            self._store(exchange, lines, key)
        return True

    def _give(self, exchange: Exchange, lines: RepeatedLines, key: _Key) -> bool:
        """Fill in `request`, `caller`, `judgement` and `handling` as for the same request before.

        False where there was none, or where something that its permission rests on has changed; then nothing is filled
        in for good. Raises Blocked.
        """
        cached = self._cached.get(key)
        if cached is None or cached[0] is not lines:
            return False
        permission = cached[1]
        if exchange.now >= permission.until:
            return False
        exchange.request = self._stages.admit.admission.again(permission.request, exchange.scope)
        return self._stages.judge.as_before(exchange, permission)

    def _store(self, exchange: Exchange, lines: RepeatedLines, key: _Key) -> None:
        """Keep the permission of a request, where it is valid for a while."""
        judgement, rules = exchange.judgement, self._of
        until = self._validity.until(exchange)
        if until <= exchange.now or judgement is None or rules is None:
            return
        session = exchange.caller.session
        permission = CachedPermission(until, exchange.admitted, session, rules, judgement, exchange.handling)
        self._cached[key] = lines, permission

    def _none(self) -> Recent[_Key, tuple[RepeatedLines, CachedPermission]]:
        return Recent(_SIZE, _LONGEST, self._stages.clock)
