"""Keeps permissions for requests that come again: what follows from the same words, session and rules is worked out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.caching.recent import Recent
from gateway.caching.seen import Seen
from gateway.edge.admit import Admission
from gateway.edge.known_heads import Repeated, parted
from gateway.exchange import Exchange
from gateway.pipeline.judge import Judge
from gateway.pipeline.permission import Permission
from gateway.pipeline.same_answer import SameAnswer
from gateway.policy.ruleset import RuleSet

_SIZE: Final = 2_048
# Seconds. All that a permission rests on is looked at each time; this bounds what a fault there could do.
_LONGEST: Final = 60.0

_Key = tuple[int, str, bytes, str]


class KeptPermissions:
    """Those of one worker process. `rules` gives the rule set in force, `clock` seconds since the epoch."""

    def __init__(
        self,
        admission: Admission,
        judge: Judge,
        rules: Callable[[], RuleSet],
        clock: Callable[[], float],
    ) -> None:
        self._admission = admission
        self._judge = judge
        self._rules = rules
        self._same = SameAnswer(rules)
        self._clock = clock
        self._seen = Seen()
        # The lines are kept beside the permission: otherwise their id() could come to stand for others.
        self._kept: Recent[_Key, tuple[Repeated, Permission]] = Recent(_SIZE, _LONGEST, clock)
        self._of: RuleSet | None = None

    def give(self, exchange: Exchange) -> bool:
        """Fill in `request`, `caller`, `judgement` and `handling` as for the same request before.

        False where there was none, or where something that its permission rests on has changed; then nothing is filled
        in for good. Raises Blocked.
        """
        scope = exchange.scope
        lines, _ = parted(scope["headers"])
        if lines is None:
            return False
        kept = self._kept.get((id(lines), scope["method"], scope["raw_target"], exchange.peer))
        if kept is None or kept[0] is not lines:
            return False
        permission = kept[1]
        if exchange.now >= permission.until:
            return False
        exchange.request = self._admission.again(permission.request, scope)
        return self._judge.as_before(exchange, permission)

    def keep(self, exchange: Exchange) -> None:
        """Keep the permission of a request that came a short while ago too, where it will stand for a while."""
        scope = exchange.scope
        lines, _ = parted(scope["headers"])
        if lines is None:
            return
        key = (id(lines), scope["method"], scope["raw_target"], exchange.peer)
        if not self._seen.before(key):
            return
        judgement, rules = exchange.judgement, self._rules()
        until = self._same.until(exchange)
        if until <= exchange.now or judgement is None:
            return
        if rules is not self._of:
            # Nothing may keep the rules of before in memory.
            self._kept, self._of = Recent(_SIZE, _LONGEST, self._clock), rules
        session = exchange.caller.session
        permission = Permission(until, exchange.admitted, session, rules, judgement, exchange.handling)
        self._kept[key] = lines, permission
