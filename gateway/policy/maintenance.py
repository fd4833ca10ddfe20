"""Maintenance of the register: when people are kept out, where, and who may go on working with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final, Literal

from gateway.model import NOTHING, DecisionInput, Identity
from gateway.orders.order_list import OrderList, check_entry
from gateway.plugin import NamedRight, OpeningHours
from gateway.policy.pattern import Pattern, parse_pattern

Streams = Literal["cut", "keep"]
_MOST_KEPT: Final = 100


@dataclass(frozen=True, slots=True)
class Once:
    """One span of time, in seconds since the epoch; without end where `until` is infinite.

    With `at_once` it is under way also where a clock has not come to `since` yet.
    """

    since: float
    until: float = inf
    at_once: bool = False

    def span_at(self, now: float) -> tuple[float, float] | None:
        """Begin and end, where this moment is in it."""
        begun = self.at_once or self.since <= now
        return (self.since, self.until) if begun and now < self.until else None

    def next_after(self, now: float) -> float:
        """The first begin after this moment."""
        return self.since if now < self.since and not self.at_once else inf


@dataclass(frozen=True, slots=True)
class Weekly:
    """The same hours every week, by the local clock; a span may go over midnight."""

    hours: OpeningHours

    def span_at(self, now: float) -> tuple[float, float] | None:
        """Begin and end, where this moment is in it."""
        return self.hours.span_at(now)

    def next_after(self, now: float) -> float:
        """The first begin after this moment."""
        found = self.hours.opens_after(now)
        return found.timestamp() if found is not None else inf


@dataclass(frozen=True, slots=True)
class Maintenance:
    """When and where the register is in maintenance; without `patterns` everywhere.

    People with one of the rights `exceptions` may go on working with it. `message` is by language. `streams` says what becomes
    of streams and WebSockets that are open when it begins.
    """

    id: str
    times: Once | Weekly
    patterns: tuple[Pattern, ...] = ()
    message: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    exceptions: tuple[NamedRight, ...] = ()
    streams: Streams = "cut"

    def covers(self, decision_input: DecisionInput) -> bool:
        """Whether it is about this request, by any reading of its path."""
        return not self.patterns or any(
            pattern.match(reading.segments) is not None
            for reading in decision_input.readings()
            for pattern in self.patterns
        )

    def excepts(self, identity: Identity | None) -> bool:
        """Whether this person has one of the rights, for the organisation that the session acts for."""
        if identity is None or identity.organisation is None:
            return False
        code = identity.organisation.code
        return any(
            (held.name, held.context, held.organisation) == (right.right, right.context, code)
            for right in self.exceptions
            for held in identity.rights
        )

    @property
    def where(self) -> str:
        """For operators."""
        return ", ".join(pattern.text for pattern in self.patterns) or "everything"


@dataclass(frozen=True, slots=True)
class Current:
    """A maintenance that is under way; `until` is infinite where nobody knows."""

    maintenance: Maintenance
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is under way from `since` on, until that changes at `until` at the earliest."""

    current: tuple[Current, ...]
    since: float
    until: float


def snapshot(maintenances: Iterable[Maintenance], now: float) -> Snapshot:
    """What is under way at this moment, in seconds since the epoch, and how long that is known."""
    current, changes = [], [inf]
    for each in maintenances:
        span = each.times.span_at(now)
        if span is not None:
            current.append(Current(each, *span))
        changes.append(span[1] if span is not None else each.times.next_after(now))
    # The longest first: that one says when everything is over.
    current.sort(key=lambda each: -each.until)
    return Snapshot(tuple(current), now, min(changes))


def standing_in_the_way(current: Sequence[Current], decision_input: DecisionInput) -> Current | None:
    """The maintenance that keeps this request out."""
    for each in current:
        if each.maintenance.covers(decision_input) and not each.maintenance.excepts(decision_input.identity):
            return each
    return None


@dataclass(frozen=True, slots=True)
class OrderedMaintenance:
    """A maintenance that an operator ordered by a command; moments in seconds since the epoch.

    `exceptions` are keys under `rights:`. `until` is None where nobody knows the end, `ended` until somebody ends it.
    """

    id: str
    by: str
    ordered: float
    since: float
    until: float | None = None
    paths: tuple[str, ...] = ()
    message: Mapping[str, str] = field(default_factory=dict)
    exceptions: tuple[str, ...] = ()
    streams: Streams = "cut"
    ended: float | None = None
    ended_by: str = ""

    @property
    def at_once(self) -> bool:
        """Whether it began with the order: on machines whose clock is behind, or set back, it holds as well."""
        return self.since <= self.ordered

    def over(self, now: float) -> bool:
        """Whether it is over at this moment."""
        return self.ended is not None or (self.until is not None and now >= self.until)

    def maintenance(self, rights: Mapping[str, NamedRight], *, folds: bool) -> Maintenance:
        """What it means with these rights; a right that they lack makes no exception. Raises ValueError for a bad path.

        A path that cannot fold closes what it says as it is written: an order must not be lost over that.
        """
        patterns = [parse_pattern(each) for each in self.paths]
        return Maintenance(
            self.id,
            Once(self.since, self.until if self.until is not None else inf, self.at_once),
            tuple(_folded(each) if folds else each for each in patterns),
            self.message,
            tuple(rights[name] for name in self.exceptions if name in rights),
            self.streams,
        )


def _folded(pattern: Pattern) -> Pattern:
    try:
        return pattern.folding()
    except ValueError:
        return pattern


def with_one_more(
    ordered: Sequence[OrderedMaintenance], one: OrderedMaintenance, now: float
) -> tuple[OrderedMaintenance, ...]:
    """These and one more; of those that are over, the earliest are forgotten where there are many."""
    over = [each for each in ordered if each.over(now)]
    forgotten = {each.id for each in over[: max(0, len(over) - _MOST_KEPT)]}
    return (*(each for each in ordered if each.id not in forgotten), one)


def _ordered(data: dict[str, Any]) -> OrderedMaintenance:
    found = OrderedMaintenance(
        **{**data, "paths": tuple(data["paths"]), "exceptions": tuple(data["exceptions"])}
    )
    check_entry(
        (
            found.id,
            found.by,
            found.ended_by,
            *found.paths,
            *found.exceptions,
            *found.message,
            *found.message.values(),
        ),
        (found.ordered, found.since, found.until or 0, found.ended or 0),
    )
    if found.streams not in ("cut", "keep"):
        raise TypeError(f"maintenance {found.id!r} has no such streams: {found.streams!r}")
    found.maintenance({}, folds=False)
    return found


MAINTENANCE: Final = OrderList("maintenance", _ordered)
