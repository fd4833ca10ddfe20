"""For how long a front may use a permission again without asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, Final

from gateway.caching.object_memo import ObjectMemo
from gateway.exchange import Exchange
from gateway.plugin import Distinctions, combine
from gateway.policy.moments import changing_moments
from gateway.policy.ruleset import Rule, RuleSet, walk
from gateway.session.recheck import Recheck

# A permission that is used again is no use of the session.
_OF_IDLE_TIMEOUT = 8
_OF_ASSERTION = 4
# What the front's key tells apart, as it has the cookies, and moments, which end a permission. Anything else keeps none.
_KEPT_APART: Final[Mapping[str, Any]] = dict.fromkeys(
    ("rights", "organisations", "doelgroepen", "scopes", "audiences", "kinds", "claims", "moments"), ()
)


@dataclass(frozen=True, slots=True)
class _Looks:
    """What a rule looks at: `lasts` where nothing but the caller and `moments` changes its decision about one address."""

    lasts: bool
    moments: tuple[float, ...] = ()


_UNSURE = _Looks(lasts=False)


@dataclass(frozen=True, slots=True)
class Lasting:
    """`most` is the longest time in seconds, 0.0 for never; `idle_timeout` is that of sessions, `ttl` that of assertions."""

    rules: Callable[[], RuleSet]
    rechecks: Recheck
    most: float
    idle_timeout: float
    ttl: float
    proven_until: Callable[[Mapping[str, str]], float] = lambda _: inf
    """Until when a bound session is proven, by the cookies (seconds since the epoch)."""
    _known: ObjectMemo[RuleSet, dict[str, _Looks]] = field(
        default_factory=lambda: ObjectMemo(lambda _: {}, 2)
    )

    def seconds(self, exchange: Exchange) -> int:
        """Whole seconds, for a front that counts those of its own clock: it keeps a permission for up to one more.

        0 where the same question may get another answer sooner. The front must tell apart cookies, Authorization, method,
        host and target.
        """
        if not self.most or not self._repeats(exchange):
            return 0
        now, session = exchange.now, exchange.caller.session
        ends = [now + self.most]
        if session is not None:
            ends += (
                session.expires_at,
                self.rechecks.due_at(session) or inf,
                now + self.idle_timeout / _OF_IDLE_TIMEOUT,
                now + self.ttl / _OF_ASSERTION,
            )
            if session.binding is not None:
                ends.append(self.proven_until(exchange.admitted.cookies))
        looks = self._looks(exchange)
        if not looks.lasts:
            return 0
        ends += changing_moments(looks.moments, now, 2)
        return max(0, int(min(ends) - now) - 1)

    def _repeats(self, exchange: Exchange) -> bool:
        """Whether the next such question is about the same thing: nothing changes, no new cookie, no token with an end."""
        request, caller = exchange.admitted, exchange.caller
        return (
            not exchange.set_cookies
            and caller.program is None
            and caller.trouble is None
            and request.websocket is None
            and request.looking != "ahead"
            and request.method in ("GET", "HEAD")
        )

    def _looks(self, exchange: Exchange) -> _Looks:
        decision = exchange.judgement.decision if exchange.judgement is not None else None
        rules = self.rules()
        if decision is None or decision.rule is None or exchange.judgement is None:
            return _UNSURE
        if exchange.judgement.rules != rules.hash:
            return _UNSURE
        known = self._known(rules)
        found = known.get(decision.rule)
        if found is None:
            rule = next(each for each in rules.rules if each.id == decision.rule)
            found = known[decision.rule] = _looks_of(rule)
        return found


def _looks_of(rule: Rule) -> _Looks:
    """Policies that don't say what they look at may look at anything; an emergency may end at any time."""
    said = combine(policy.distinctions() for policy in walk(rule.require))
    if said is None or rule.asking or rule.emergency is not None:
        return _UNSURE
    unlike = replace(said, **_KEPT_APART)
    return _Looks(unlike == Distinctions(), said.moments)
