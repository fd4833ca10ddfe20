"""Until when a permission is valid: the same request of the same caller would get it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateway.caching.object_memo import ObjectMemo
from gateway.exchange import Exchange
from gateway.plugin import Distinctions, combine
from gateway.policy.moments import changing_moments
from gateway.policy.ruleset import Rule, RuleSet, walk

# How many days to look ahead.
_DAYS: Final = 2
# What stays the same as long as the caller does, and moments, which end a permission. Anything else makes it doubtful.
_OF_CALLER: Final[Mapping[str, Any]] = dict.fromkeys(
    ("rights", "organisations", "doelgroepen", "scopes", "audiences", "kinds", "claims", "moments"), ()
)


@dataclass(frozen=True, slots=True)
class _DependsOn:
    """What a rule depends on: `lasts` where nothing but the caller and `moments` changes its decision about one address."""

    lasts: bool
    moments: tuple[float, ...] = ()


_UNSURE = _DependsOn(lasts=False)


@dataclass(frozen=True, slots=True)
class PermissionValidity:
    """`rules` gives the rule set in force. Whoever uses a permission again must look at blocks, maintenance and the session."""

    rules: Callable[[], RuleSet]
    _known: ObjectMemo[RuleSet, dict[str, _DependsOn]] = field(
        default_factory=lambda: ObjectMemo(lambda _: {}, 2)
    )

    def until(self, exchange: Exchange) -> float:
        """The moment up to which a request with the same method, address and caller is allowed as this one was.

        In seconds since the epoch; the moment of this request where the next may get another answer at once.
        """
        now = exchange.now
        depends_on = self._dependence(exchange) if _repeats(exchange) else _UNSURE
        if not depends_on.lasts:
            return now
        return min(changing_moments(depends_on.moments, now, _DAYS), default=now + _DAYS * 86_400)

    def _dependence(self, exchange: Exchange) -> _DependsOn:
        judgement, rules = exchange.judgement, self.rules()
        decision = judgement.decision if judgement is not None else None
        if judgement is None or decision is None or decision.rule is None or judgement.rules != rules.hash:
            return _UNSURE
        known = self._known(rules)
        found = known.get(decision.rule)
        if found is None:
            rule = next(each for each in rules.rules if each.id == decision.rule)
            found = known[decision.rule] = _dependence_of(rule)
        return found


def _repeats(exchange: Exchange) -> bool:
    """Whether the next such request would be about the same thing: it changes nothing, sets no cookie, has no token that ends."""
    request, caller = exchange.admitted, exchange.caller
    return (
        not exchange.set_cookies
        and caller.program is None
        and caller.trouble is None
        and request.websocket is None
        and request.viewer != "ahead"
        and request.method in ("GET", "HEAD")
    )


def _dependence_of(rule: Rule) -> _DependsOn:
    """Policies that don't say what they depend on may depend on anything; an emergency may end at any time."""
    try:
        said = combine(policy.distinctions() for policy in walk(rule.require))
    except BaseException:  # noqa: BLE001 - whatever a policy raises, also SystemExit
        said = None
    if said is None or rule.asking or rule.emergency is not None:
        return _UNSURE
    unlike = replace(said, **_OF_CALLER)
    return _DependsOn(unlike == Distinctions(), said.moments)
