"""Judges recorded requests again with other rules, and counts the differences per rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.model import DecisionInput
from gateway.plugin import Distinctions, combine
from gateway.policy.evaluate import decide
from gateway.policy.ruleset import RuleSet

_MOST_SAMPLES: Final = 3
_MOST_CACHED: Final = 200_000


@dataclass(slots=True)
class Difference:
    """Requests with the same rules and verdicts then and now; `samples` holds a few of their request ids."""

    then_rule: str | None
    then_allowed: bool
    now_rule: str | None
    now_allowed: bool
    reason: str
    count: int = 0
    first: str = ""
    last: str = ""
    samples: list[str] = field(default_factory=list)

    @property
    def change(self) -> str:
        """`gains`, `loses`, or `rule` where the verdict is the same but another rule decides."""
        if self.then_allowed == self.now_allowed:
            return "rule"
        return "gains" if self.now_allowed else "loses"


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
        self._cache: dict[tuple[Any, ...], tuple[bool, str | None, str]] = {}
        self._differences: dict[tuple[str | None, bool, str | None, bool], Difference] = {}
        self.decided = 0
        self.doubtful: dict[str, int] = {}

    @property
    def differences(self) -> list[Difference]:
        """The differences: losses, gains, then other rules; within each the most frequent first."""
        order = {"loses": 0, "gains": 1, "rule": 2}
        return sorted(self._differences.values(), key=lambda each: (order[each.change], -each.count))

    def add(self, record: Mapping[str, Any]) -> None:
        """Decide one record again. Raises ValueError for a record that cannot be read."""
        allowed, rule, reason = self._decide(record)
        self.decided += 1
        then_allowed, then_rule = record["verdict"] == "allow", record.get("rule")
        if record.get("rules") != self._rules.hash:
            self._note_doubts(record)
        if allowed == then_allowed and rule == then_rule:
            return
        key = (then_rule, then_allowed, rule, allowed)
        found = self._differences.get(key)
        time = str(record.get("time", ""))
        if found is None:
            found = Difference(then_rule, then_allowed, rule, allowed, reason, first=time)
            self._differences[key] = found
        found.count += 1
        found.first, found.last = min(found.first, time), max(found.last, time)
        if len(found.samples) < _MOST_SAMPLES:
            found.samples.append(str(record.get("request_id", "")))

    def _decide(self, record: Mapping[str, Any]) -> tuple[bool, str | None, str]:
        key = self._key(record)
        if key is not None and key in self._cache:
            return self._cache[key]
        decision = decide(self._rules, self._read(record))
        result = (decision.allowed, decision.rule, decision.error or decision.reason)
        if key is not None and len(self._cache) < _MOST_CACHED:
            self._cache[key] = result
        return result

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
