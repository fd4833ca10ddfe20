"""What decision records show of rules and rights: which rules decided, and which rights people had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.policy.ruleset import RuleSet

# Right and context.
Pair = tuple[str, str | None]
_MOST_RIGHTS: Final = 10_000


@dataclass(slots=True)
class Seen:
    """What the records of one environment show. Times are seconds since the epoch; 0 where there are none.

    `since` is the first record under the present rules.
    """

    first: float = 0.0
    last: float = 0.0
    since: float = 0.0
    requests: int = 0
    people: int = 0
    hits: dict[str, int] = field(default_factory=dict)


class Evidence:
    """Counts over any number of records, for the environments of one configuration; the memory that it takes is bounded.

    `rights` counts the requests by people with each right; `full` is set where there were too many rights to keep.
    """

    def __init__(self, rules: Mapping[str, RuleSet]) -> None:
        self._hashes = {name: each.hash for name, each in rules.items()}
        self._known = {name: frozenset(rule.id for rule in each.rules) for name, each in rules.items()}
        self.environments: dict[str, Seen] = {}
        self.rights: dict[Pair, int] = {}
        self.full = False
        self.left_out = 0

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one record; one of another kind or environment is left out."""
        name, now = record.get("environment"), record.get("now")
        if (
            record.get("kind") != "request"
            or not isinstance(name, str)
            or name not in self._known
            or isinstance(now, bool)
            or not isinstance(now, (int, float))
        ):
            self.left_out += 1
            return
        found = self.environments.setdefault(name, Seen(float(now), float(now)))
        found.first, found.last = min(found.first, now), max(found.last, now)
        if record.get("rules") == self._hashes[name]:
            found.since = min(found.since or now, now)
        found.requests += 1
        rule, who = record.get("rule"), record.get("who")
        if rule in self._known[name]:
            found.hits[rule] = found.hits.get(rule, 0) + 1
        if isinstance(who, dict):
            found.people += 1
            self._add_rights(who.get("rights"))

    def _add_rights(self, rights: Any) -> None:
        for each in rights if isinstance(rights, list) else ():
            if not isinstance(each, list) or len(each) != 3 or not isinstance(each[0], str):
                continue
            pair = (each[0], each[1] if isinstance(each[1], str) else None)
            if pair in self.rights or len(self.rights) < _MOST_RIGHTS:
                self.rights[pair] = self.rights.get(pair, 0) + 1
            else:
                self.full = True
