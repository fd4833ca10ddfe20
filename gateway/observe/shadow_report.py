"""Counts, from decision records, what candidate rules would have changed, by the rules that decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.handling import Change

_MOST_SAMPLES: Final = 3
_DECIDED: Final = ("allow", "redirect", "deny", "error")

_Key = tuple[Change, str, str | None, str | None, str]


@dataclass(slots=True)
class ShadowDifference:
    """Requests that a candidate decides differently, by the same two rules; `samples` are a few of them."""

    change: Change
    candidate: str
    rule: str | None
    candidate_rule: str | None
    reason: str
    count: int = 0
    people: int = 0
    first: str = ""
    last: str = ""
    samples: list[str] = field(default_factory=list)


class ShadowReport:
    """The differences over any number of records; `decided` counts the requests that rules decided."""

    def __init__(self) -> None:
        self._found: dict[_Key, ShadowDifference] = {}
        self._people: dict[_Key, set[str]] = {}
        self.decided = 0
        self.candidates: list[str] = []

    @property
    def differences(self) -> list[ShadowDifference]:
        """The differences: what is newly denied first, and within each kind the most frequent first."""
        order = ("newly_denied", "newly_allowed", "elsewhere")
        return sorted(self._found.values(), key=lambda each: (order.index(each.change), -each.count))

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one record."""
        if record.get("kind") == "shadow" and record.get("rules") and record["rules"] not in self.candidates:
            self.candidates.append(record["rules"])
        if record.get("kind") != "request" or record.get("verdict") not in _DECIDED:
            return
        self.decided += 1
        shadow = record.get("shadow")
        if not isinstance(shadow, Mapping):
            return
        how = _change(record.get("verdict"), shadow.get("verdict"))
        reason = str(shadow.get("reason", ""))
        key = (how, str(shadow.get("rules", "")), record.get("rule"), shadow.get("rule"), reason)
        found = self._found.get(key)
        time = str(record.get("time", ""))
        if found is None:
            found = self._found[key] = ShadowDifference(*key, first=time)
            self._people[key] = set()
        found.count += 1
        found.first, found.last = min(found.first, time), max(found.last, time)
        self._people[key].add(str(record.get("who", {}).get("person", "")))
        found.people = len(self._people[key] - {""})
        if len(found.samples) < _MOST_SAMPLES:
            words = f"{record.get('method')} {record.get('path')} ({record.get('request_id')})"
            found.samples.append(words)


def _change(verdict: Any, candidate: Any) -> Change:
    if candidate == "allow" and verdict != "allow":
        return "newly_allowed"
    if verdict == "allow" and candidate in ("deny", "error"):
        return "newly_denied"
    return "elsewhere"
