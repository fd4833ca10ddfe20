"""Makes the classes of requests between which two lists of policies can tell apart, each with facts that stand for it.

A class is one cell of every dimension: who somebody is, for whom they act, from where and when they ask. It knows
nothing of paths and rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, summarize_address_range
from itertools import chain, combinations
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.model import DecisionInput, Identity, Organisation, Right
from gateway.plugin import Distinctions

_PLACE: Final = ZoneInfo("Europe/Brussels")
_SOMEBODY: Final = "somebody"
_MOST_LISTS: Final = 4
# A text that nobody writes in a rule file, for every other value.
OTHER: Final = "\x00other"
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a dimension and what people call it."""

    value: Any
    words: str


@dataclass(frozen=True, slots=True)
class Dimension:
    """One fact that policies look at. `kind` is the field of Samples that it comes from, `name` which of several."""

    kind: str
    name: str
    cells: tuple[Cell, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What it is about."""
        return self.kind, self.name

    @property
    def about_person(self) -> bool:
        """Whether it says something of a person who is logged in; else of the request."""
        return self.kind not in ("clients", "moments", "sources")


def dimensions(
    samples: Distinctions, rendered: Mapping[str, str], rights: Mapping[tuple[str, str | None], str]
) -> tuple[Dimension, ...]:
    """The dimensions of what these samples tell apart. `rendered` holds the texts that templates give for a path, and
    how they are written; `rights` the names of rights by (right, context)."""
    found = [
        Dimension("rights", f"{name}-{context}" if context is not None else name, _yes_no(
            (name, context), f"with right {rights.get((name, context), '-'.join(filter(None, (name, context))))}"
        ))
        for name, context in samples.rights
    ]  # fmt: skip
    texts = dict.fromkeys(samples.organisations) | dict.fromkeys(rendered)
    if texts:
        cells = tuple(Cell(text, f"for {rendered.get(text, text)}") for text in texts)
        found.append(Dimension("organisations", "", (*cells, Cell(OTHER, "for another organisation"))))
    for kind, words, other in (
        ("doelgroepen", "in doelgroep", "in another doelgroep"),
        ("acrs", "logged in with", "logged in with other means"),
    ):
        values: tuple[str, ...] = getattr(samples, kind)
        if values:
            cells = tuple(Cell(value, f"{words} {value}") for value in values)
            # Means that the provider does not name are judged differently from means that are too weak.
            unnamed = (Cell(None, "logged in with means that are not named"),) if kind == "acrs" else ()
            found.append(Dimension(kind, "", (*cells, Cell(OTHER, other), *unnamed)))
    if samples.kinds:
        cells = tuple(Cell(kind, f"as a {kind}") for kind in ("person", "machine"))
        found.append(Dimension("kinds", "", cells))
    found.extend(
        Dimension("scopes", scope, _yes_no(scope, f"with scope {scope}")) for scope in samples.scopes
    )
    found.extend(
        Dimension("audiences", name, _yes_no(name, f"with audience {name}")) for name in samples.audiences
    )
    for name in dict.fromkeys(name for name, _ in samples.claims):
        found.append(Dimension("claims", name, _claim(name, samples, rendered)))
    if samples.ages:
        found.append(Dimension("ages", "", _ages(samples.ages)))
    if samples.clients:
        found.append(Dimension("clients", "", tuple(_clients(samples.clients))))
    if samples.moments:
        found.append(Dimension("moments", "", tuple(_moments(samples.moments))))
    for name in dict.fromkeys(name for name, _ in samples.sources):
        values_of = [value for source, value in samples.sources if source == name]
        cells = tuple(Cell(value, f"where {name} says {value!r}") for value in values_of)
        found.append(Dimension("sources", name, (*cells, Cell(_ABSENT, f"where {name} says nothing"))))
    return tuple(found)


def facts(given: DecisionInput, logged_in: bool, chosen: Sequence[tuple[Dimension, Cell]]) -> DecisionInput:
    """The request of `given` by somebody of this class. Dimensions that are not chosen stay as they are."""
    there = circumstance(given, chosen)
    return replace(there, identity=_identity(there.now, chosen) if logged_in else None)


def circumstance(given: DecisionInput, chosen: Sequence[tuple[Dimension, Cell]]) -> DecisionInput:
    """The request of `given` in these circumstances, by the same person."""
    sources = dict(given.facts)
    client, now = given.client, given.now
    for dimension, cell in chosen:
        if dimension.kind == "clients":
            client = cell.value
        elif dimension.kind == "moments":
            now = cell.value
        elif dimension.kind == "sources" and cell.value is not _ABSENT:
            sources[dimension.name] = cell.value
    return replace(given, client=client, now=now, facts=sources)


def _identity(now: float, chosen: Sequence[tuple[Dimension, Cell]]) -> Identity:
    values: dict[str, Any] = {"organisations": OTHER, "doelgroepen": OTHER, "acrs": OTHER, "kinds": "person"}
    held: list[tuple[str, str | None]] = []
    scopes: list[str] = []
    audiences: list[str] = []
    claims: dict[str, Any] = {}
    age = 0.0
    for dimension, cell in chosen:
        match dimension.kind:
            case "rights" if cell.value is not None:
                held.append(cell.value)
            case "scopes" if cell.value is not None:
                scopes.append(cell.value)
            case "audiences" if cell.value is not None:
                audiences.append(cell.value)
            case "claims" if cell.value is not _ABSENT:
                claims[dimension.name] = cell.value
            case "ages":
                age = cell.value
            case kind:
                values[kind] = cell.value
    organisation = values["organisations"]
    return Identity(
        issuer="",
        subject=_SOMEBODY,
        doelgroep=values["doelgroepen"],
        organisation=Organisation(organisation),
        rights=tuple(Right(name, context, organisation) for name, context in held),
        acr=values["acrs"],
        authenticated_at=now - age,
        kind=values["kinds"],
        scopes=tuple(scopes),
        audiences=tuple(audiences),
        claims=claims,
    )


def _yes_no(value: Any, words: str) -> tuple[Cell, ...]:
    return Cell(value, words), Cell(None, words.replace("with ", "without ", 1))


def _claim(name: str, samples: Distinctions, rendered: Mapping[str, str]) -> tuple[Cell, ...]:
    values = [value for claim, value in samples.claims if claim == name]
    values.extend(text for text in rendered if text not in values)
    lists = [value for value in values if isinstance(value, tuple)]
    if 1 < len(lists) <= _MOST_LISTS:
        # A list can hold what several policies ask for.
        chosen = (combinations(lists, size) for size in range(2, len(lists) + 1))
        values.extend(tuple(chain.from_iterable(each)) for each in chain.from_iterable(chosen))
    return (
        *(Cell(value, f"with claim {name} = {_spelled(value, rendered)}") for value in values),
        Cell(OTHER, f"with another {name}"),
        Cell(_ABSENT, f"without claim {name}"),
    )


def _spelled(value: Any, rendered: Mapping[str, str]) -> str:
    if isinstance(value, str):
        return rendered.get(value, value)
    return json.dumps(value)


def _ages(boundaries: Sequence[float]) -> tuple[Cell, ...]:
    starts = sorted({0.0, *boundaries})
    ends = [*starts[1:], None]
    return tuple(
        Cell(start, f"logged in {_seconds(start)} to {_seconds(end)} ago" if end is not None else f"logged in {_seconds(start)} ago or longer")
        for start, end in zip(starts, ends, strict=True)
    )  # fmt: skip


def _seconds(value: float) -> str:
    return f"{value:g}s"


def _clients(boundaries: Sequence[str]) -> Iterator[Cell]:
    addresses = {ip_address(text) for text in boundaries}
    for version, highest in ((4, IPv4Address("255.255.255.255")), (6, IPv6Address(2**128 - 1))):
        lowest = ip_address("0.0.0.0" if version == 4 else "::")  # noqa: S104 - no address to listen on
        starts: list[Any] = sorted({lowest, *(each for each in addresses if each.version == version)})
        ends: list[Any] = [*(start - 1 for start in starts[1:]), highest]
        for start, end in zip(starts, ends, strict=True):
            networks = list(summarize_address_range(start, end))
            words = str(networks[0]) if len(networks) == 1 else f"{start} to {end}"
            yield Cell(str(start), f"from {words}")


def _moments(boundaries: Sequence[float]) -> Iterator[Cell]:
    starts = sorted({*boundaries, *_hours_of_others(boundaries)})
    yield Cell(starts[0] - 1.0, f"before {_spoken(starts[0])}")
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        words = f"from {_spoken(start)}" + (f" to {_spoken(end)}" if end is not None else " on")
        yield Cell(start, words)


def _hours_of_others(boundaries: Sequence[float]) -> Iterator[float]:
    """What changes every week, on each day on which something changes: two schedules may do each in turn."""
    moments = [datetime.fromtimestamp(moment, _PLACE) for moment in boundaries]
    weekly = {(moment.weekday(), moment.time()) for moment in moments}
    for day in {moment.date() for moment in moments}:
        for weekday, time in weekly:
            if weekday == day.weekday():
                yield datetime.combine(day, time, _PLACE).timestamp()


def changing_moments(boundaries: Sequence[float], now: float, days: int) -> Iterator[float]:
    """What changes at these moments or every week at their time of the day, within so many days from `now` on."""
    today = datetime.fromtimestamp(now, _PLACE).date()
    moments = [datetime.fromtimestamp(moment, _PLACE) for moment in boundaries]
    weekly = {(moment.weekday(), moment.time()) for moment in moments}
    for number in range(days):
        day = today + timedelta(days=number)
        for weekday, time in weekly:
            if weekday == day.weekday():
                yield datetime.combine(day, time, _PLACE).timestamp()
    yield from (moment for moment in boundaries if now < moment < now + days * 86_400)


def _spoken(moment: float) -> str:
    return datetime.fromtimestamp(moment, _PLACE).strftime("%a %Y-%m-%d %H:%M")
