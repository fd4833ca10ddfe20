"""Judges recorded requests again with other rules, and counts the differences per rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.handling import DEFAULT_UPSTREAM
from gateway.model import Decision, DecisionInput
from gateway.plugin import Distinctions, combine
from gateway.policy.evaluate import decide
from gateway.policy.ruleset import RuleSet

_MOST_SAMPLES: Final = 3
_MOST_CACHED: Final = 200_000


@dataclass(slots=True)
class Difference:
    """Requests with the same rules and verdicts then and now; `samples` holds a few of their request ids.

    `then_goes` and `now_goes` say where: to an upstream by its name, or to a "redirect"; None where it was denied.
    """

    then_rule: str | None
    then_allowed: bool
    now_rule: str | None
    now_allowed: bool
    reason: str
    then_goes: str | None = None
    now_goes: str | None = None
    count: int = 0
    first: str = ""
    last: str = ""
    samples: list[str] = field(default_factory=list)
    moved: bool = False

    @property
    def change(self) -> str:
        """`gains`, `loses`, `moves` to another upstream or redirect, or `rule` where only another rule decides."""
        if self.now_allowed and not self.then_allowed:
            return "gains"
        if self.then_allowed and self.now_goes is None:
            return "loses"
        return "moves" if self.moved else "rule"


class Replay:
    """Counts over any number of records. `read` turns a record into a decision input; it may raise ValueError.

    `doubtful` counts, by message, the records that lack something that the rules depend on.
    """

    def __init__(self, rules: RuleSet, read: Callable[[Mapping[str, Any]], DecisionInput]) -> None:
        self._rules = rules
        self._read = read
        self._distinctions = combine(policy.distinctions() for rule in rules.rules for policy in rule.require)
        self._claims = frozenset(name for name, _ in (self._distinctions or Distinctions()).claims)
        self._sources = frozenset(name for name, _ in (self._distinctions or Distinctions()).sources)
        self._cache: dict[tuple[Any, ...], Decision] = {}
        self._differences: dict[tuple[Any, ...], Difference] = {}
        self.decided = 0
        self.doubtful: dict[str, int] = {}

    @property
    def differences(self) -> list[Difference]:
        """The differences: losses, gains, what goes elsewhere, then other rules; within each the most frequent first."""
        order = {"loses": 0, "gains": 1, "moves": 2, "rule": 3}
        return sorted(self._differences.values(), key=lambda each: (order[each.change], -each.count))

    def add(self, record: Mapping[str, Any]) -> None:
        """Decide one record again. Raises ValueError for a record that cannot be read."""
        decision = self._decide(record)
        self.decided += 1
        then_allowed, then_rule = record["verdict"] == "allow", record.get("rule")
        if record.get("rules") != self._rules.hash:
            self._note_doubts(record)
        then_goes, now_goes = _recorded(record), _goes(decision)
        moved = then_goes != now_goes
        if decision.allowed == then_allowed and decision.rule == then_rule and not moved:
            return
        key = (then_rule, then_goes and then_goes[0], decision.rule, now_goes and now_goes[0], moved)
        found = self._differences.get(key)
        time = str(record.get("time", ""))
        if found is None:
            found = Difference(
                then_rule,
                then_allowed,
                decision.rule,
                decision.allowed,
                decision.error or decision.reason,
                then_goes[0] if then_goes is not None else None,
                now_goes[0] if now_goes is not None else None,
                first=time,
                moved=moved,
            )
            self._differences[key] = found
        found.count += 1
        found.first, found.last = min(found.first, time), max(found.last, time)
        if len(found.samples) < _MOST_SAMPLES:
            found.samples.append(str(record.get("request_id", "")))

    def _decide(self, record: Mapping[str, Any]) -> Decision:
        key = self._key(record)
        if key is not None and key in self._cache:
            return self._cache[key]
        decision = decide(self._rules, self._read(record))
        if key is not None and len(self._cache) < _MOST_CACHED:
            self._cache[key] = decision
        return decision

    def _key(self, record: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The part of a record that these rules depend on; None where a policy does not say what it depends on."""
        distinctions = self._distinctions
        if distinctions is None:
            return None
        return (
            record.get("method"),
            record.get("websocket"),
            record.get("host"),
            record.get("path"),
            str(record.get("doubt")),
            str(record.get("who")),
            record.get("client") if distinctions.clients else None,
            record.get("now") if distinctions.moments or distinctions.ages else None,
            str(record.get("facts")) if distinctions.sources else None,
        )

    def _note_doubts(self, record: Mapping[str, Any]) -> None:
        """Count what is missing: records hold only the claims and facts that the rules used at the time."""
        if self._claims and (who := record.get("who")) is not None:
            for name in self._claims.difference(who.get("claims", ())):
                self._doubt(f"the claim {name!r} is not in the record")
        for name in self._sources.difference(record.get("facts", ())):
            self._doubt(f"the fact {name!r} is not in the record")

    def _doubt(self, message: str) -> None:
        self.doubtful[message] = self.doubtful.get(message, 0) + 1


def _goes(decision: Decision) -> tuple[str, str] | None:
    """Where a request goes: to an upstream, or to a redirect with its location; None where it is denied."""
    if decision.redirect is not None:
        return "redirect", decision.redirect.location
    return (decision.handling.upstream, "") if decision.allowed else None


def _recorded(record: Mapping[str, Any]) -> tuple[str, str] | None:
    if record["verdict"] == "redirect":
        return "redirect", str(record.get("location", ""))
    return (str(record.get("upstream", DEFAULT_UPSTREAM)), "") if record["verdict"] == "allow" else None
