"""The rules that decide at this moment: those of the file, with the emergency rules that are open until their end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gateway.policy.ruleset import RuleSet, with_emergencies


class OpenRule(NamedTuple):
    """An emergency rule that is open, and the id of its opening.

    It ends at `until` (seconds since the epoch) and at `deadline` (of a clock that is never set), whichever comes first.
    """

    rule: str
    opening: str
    until: float
    deadline: float

    def lasts(self, now: float, steady: float) -> bool:
        """Whether it is still open."""
        return now < self.until and steady < self.deadline


class Period(NamedTuple):
    """A period with one rule set: that is in force as long as all of `open` last."""

    open: tuple[OpenRule, ...]
    rules: RuleSet


def periods(rules: RuleSet, opened: Iterable[OpenRule]) -> tuple[Period, ...]:
    """The periods with these emergency rules, one after the other: what ends first is in none of the next."""
    known = rules.emergencies
    left = tuple(sorted((each for each in opened if each.rule in known), key=lambda each: each.deadline))
    found = []
    while left:
        found.append(Period(left, with_emergencies(rules, {each.rule: each.opening for each in left})))
        left = left[1:]
    return tuple(found)


class RulesInForce:
    """Calling it gives the rule set of this moment. Reading costs next to nothing where no emergency rule is open."""

    def __init__(self, rules: RuleSet, clock: Callable[[], float], steady: Callable[[], float]) -> None:
        self._closed = rules
        self._periods: Sequence[Period] = ()
        self._clock = clock
        self._steady = steady

    @property
    def closed(self) -> RuleSet:
        """The rules with all emergency rules closed."""
        return self._closed

    @property
    def open(self) -> tuple[OpenRule, ...]:
        """The emergency rules that are open now."""
        now, steady = self._clock(), self._steady()
        period = next((each for each in self._periods if _lasts(each, now, steady)), None)
        return period.open if period is not None else ()

    def use(self, rules: RuleSet, opened: Sequence[Period]) -> None:
        """Decide by these rules from now on, and by the emergency rules of these periods as long as they last."""
        self._closed, self._periods = rules, opened

    def __call__(self) -> RuleSet:
        """The rule set in force at this moment."""
        if not self._periods:
            return self._closed
        now, steady = self._clock(), self._steady()
        for period in self._periods:
            if _lasts(period, now, steady):
                return period.rules
        return self._closed


def _lasts(period: Period, now: float, steady: float) -> bool:
    return all(each.lasts(now, steady) for each in period.open)
