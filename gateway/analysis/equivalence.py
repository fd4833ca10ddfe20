"""Divides people and circumstances into equivalence classes: everyone in a class gets the same verdict.

A class is one cell of every dimension that policies distinguish: rights, organisation, address, moment and so on. For
each class there is a decision input that stands for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, summarize_address_range
from itertools import chain, combinations
from typing import Any, Final

from gateway.model import DecisionInput, Identity, Organisation, Right
from gateway.plugin import Distinctions
from gateway.policy.moments import BRUSSELS

_SOMEBODY: Final = "somebody"
_MOST_LISTS: Final = 4
# When and from where requests come that name no moment or address: fixed, so that results are reproducible.
NOON: Final = datetime(2026, 1, 6, 12, 0, tzinfo=BRUSSELS)
CLIENT: Final = "127.0.0.1"
# A text that cannot occur in a rule file: it stands for every other value.
OTHER: Final = "\x00other"
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a dimension, and its description for people."""

    value: Any
    words: str


@dataclass(frozen=True, slots=True)
class Dimension:
    """One fact that policies distinguish. `kind` is a field of Distinctions, `name` says which one of several (a claim)."""

    kind: str
    name: str
    cells: tuple[Cell, ...]

    @property
    def key(self) -> tuple[str, str]:
        """Identifies the dimension."""
        return self.kind, self.name

    @property
    def about_person(self) -> bool:
        """Whether it describes the person who is logged in, and not the request."""
        return self.kind not in ("clients", "moments", "sources")


def dimensions(
    distinctions: Distinctions, rendered: Mapping[str, str], rights: Mapping[tuple[str, str | None], str]
) -> tuple[Dimension, ...]:
    """The dimensions of these distinctions.

    `rendered` holds the values of templates for a path, each with its description; `rights` the configured names of
    rights by (right, context).
    """
    found = [
        Dimension("rights", f"{name}-{context}" if context is not None else name, _yes_no(
            (name, context), f"with right {rights.get((name, context), '-'.join(filter(None, (name, context))))}"
        ))
        for name, context in distinctions.rights
    ]  # fmt: skip
    texts = dict.fromkeys(distinctions.organisations) | dict.fromkeys(rendered)
    if texts:
        cells = tuple(Cell(text, f"for {rendered.get(text, text)}") for text in texts)
        found.append(Dimension("organisations", "", (*cells, Cell(OTHER, "for another organisation"))))
    for kind, words, other in (
        ("doelgroepen", "in doelgroep", "in another doelgroep"),
        ("acrs", "logged in with", "logged in with another method"),
    ):
        values: tuple[str, ...] = getattr(distinctions, kind)
        if values:
            cells = tuple(Cell(value, f"{words} {value}") for value in values)
            # A login without acr is judged differently from one with a method that is too weak.
            unnamed = (Cell(None, "logged in with an unknown method"),) if kind == "acrs" else ()
            found.append(Dimension(kind, "", (*cells, Cell(OTHER, other), *unnamed)))
    if distinctions.bindings:
        cells = (Cell(True, "in a bound session"), Cell(None, "in a session that is not bound"))
        found.append(Dimension("bindings", "", cells))
    if distinctions.kinds:
        cells = tuple(Cell(kind, f"as a {kind}") for kind in ("person", "machine"))
        found.append(Dimension("kinds", "", cells))
    found.extend(
        Dimension("scopes", scope, _yes_no(scope, f"with scope {scope}")) for scope in distinctions.scopes
    )
    found.extend(
        Dimension("audiences", name, _yes_no(name, f"with audience {name}"))
        for name in distinctions.audiences
    )
    for name in dict.fromkeys(name for name, _ in distinctions.claims):
        found.append(Dimension("claims", name, _claim(name, distinctions, rendered)))
    if distinctions.ages:
        found.append(Dimension("ages", "", _ages(distinctions.ages)))
    if distinctions.clients:
        found.append(Dimension("clients", "", tuple(_clients(distinctions.clients))))
    if distinctions.moments:
        found.append(Dimension("moments", "", tuple(_moments(distinctions.moments))))
    found.extend(_sources(distinctions))
    return tuple(found)


def _sources(distinctions: Distinctions) -> Iterator[Dimension]:
    for name in dict.fromkeys(name for name, _ in distinctions.sources):
        values = [value for source, value in distinctions.sources if source == name]
        cells = tuple(Cell(value, f"where {name} says {value!r}") for value in values)
        yield Dimension("sources", name, (*cells, Cell(_ABSENT, f"where {name} says nothing")))


def input_of_class(
    decision_input: DecisionInput, logged_in: bool, chosen: Sequence[tuple[Dimension, Cell]]
) -> DecisionInput:
    """The same request, made by a person of this class. Dimensions that are not chosen stay as they are."""
    there = input_in_circumstances(decision_input, chosen)
    return there._replace(identity=_identity(there.now, chosen) if logged_in else None)


def input_in_circumstances(
    decision_input: DecisionInput, chosen: Sequence[tuple[Dimension, Cell]]
) -> DecisionInput:
    """The same request by the same person, in these circumstances."""
    sources = dict(decision_input.facts)
    client, now = decision_input.client, decision_input.now
    for dimension, cell in chosen:
        if dimension.kind == "clients":
            client = cell.value
        elif dimension.kind == "moments":
            now = cell.value
        elif dimension.kind == "sources" and cell.value is not _ABSENT:
            sources[dimension.name] = cell.value
    return decision_input._replace(client=client, now=now, facts=sources)


def _identity(now: float, chosen: Sequence[tuple[Dimension, Cell]]) -> Identity:
    values: dict[str, Any] = {
        "organisations": OTHER, "doelgroepen": OTHER, "acrs": OTHER, "kinds": "person", "bindings": None,
    }  # fmt: skip
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
        bound=bool(values["bindings"]),
        scopes=tuple(scopes),
        audiences=tuple(audiences),
        claims=claims,
    )


def _yes_no(value: Any, words: str) -> tuple[Cell, ...]:
    return Cell(value, words), Cell(None, words.replace("with ", "without ", 1))


def _claim(name: str, distinctions: Distinctions, rendered: Mapping[str, str]) -> tuple[Cell, ...]:
    values = [value for claim, value in distinctions.claims if claim == name]
    values.extend(text for text in rendered if text not in values)
    lists = [value for value in values if isinstance(value, tuple)]
    if 1 < len(lists) <= _MOST_LISTS:
        # A list can satisfy several policies at once.
        chosen = (combinations(lists, size) for size in range(2, len(lists) + 1))
        values.extend(tuple(chain.from_iterable(each)) for each in chain.from_iterable(chosen))
    return (
        *(Cell(value, f"with claim {name} = {_value_text(value, rendered)}") for value in values),
        Cell(OTHER, f"with another {name}"),
        Cell(_ABSENT, f"without claim {name}"),
    )


def _value_text(value: Any, rendered: Mapping[str, str]) -> str:
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
        lowest = ip_address("0.0.0.0" if version == 4 else "::")  # noqa: S104 - not an address to listen on
        starts: list[Any] = sorted({lowest, *(each for each in addresses if each.version == version)})
        ends: list[Any] = [*(start - 1 for start in starts[1:]), highest]
        for start, end in zip(starts, ends, strict=True):
            networks = list(summarize_address_range(start, end))
            words = str(networks[0]) if len(networks) == 1 else f"{start} to {end}"
            yield Cell(str(start), f"from {words}")


def _moments(boundaries: Sequence[float]) -> Iterator[Cell]:
    starts = sorted({*boundaries, *_hours_of_others(boundaries)})
    yield Cell(starts[0] - 1.0, f"before {_day_and_time(starts[0])}")
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        words = f"from {_day_and_time(start)}" + (f" to {_day_and_time(end)}" if end is not None else " on")
        yield Cell(start, words)


def _hours_of_others(boundaries: Sequence[float]) -> Iterator[float]:
    """Weekly changes, on every day that has a change: two schedules may alternate."""
    moments = [datetime.fromtimestamp(moment, BRUSSELS) for moment in boundaries]
    weekly = {(moment.weekday(), moment.time()) for moment in moments}
    for day in {moment.date() for moment in moments}:
        for weekday, time in weekly:
            if weekday == day.weekday():
                there = datetime.combine(day, time, BRUSSELS)
                # In autumn an hour comes twice.
                yield from {there.replace(fold=fold).timestamp() for fold in (0, 1)}


def _day_and_time(moment: float) -> str:
    return datetime.fromtimestamp(moment, BRUSSELS).strftime("%a %Y-%m-%d %H:%M")
