"""Decides who gains and who loses what between two rule sets: exactly, by classes of people, paths and methods.

The paths are divided on the patterns of both sets, the people on what their policies say that they tell apart;
every class is then decided by both sets, with the same code that decides requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from math import prod
from typing import Any, Final

from gateway.analysis.cubes import Box, Class, boxes
from gateway.analysis.equivalence import Cell, Dimension, dimensions
from gateway.analysis.path_partition import Region, intersection, regions
from gateway.analysis.path_variables import compared_places, template_values
from gateway.analysis.rule_inputs import Looks
from gateway.http_semantics import METHODS
from gateway.plugin.distinctions import Distinctions, joined
from gateway.policy.pattern import Pattern, Variable
from gateway.policy.ruleset import RuleSet

OTHER_METHOD: Final = "other"
_MOST_CLASSES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Side:
    """One of two rule sets to compare; `host` is the name under which people reach it."""

    rules: RuleSet
    host: str


@dataclass(frozen=True, slots=True)
class Who:
    """A set of people and circumstances: `logged_in`, and for every dimension the cells that belong to it."""

    logged_in: bool
    dimensions: tuple[Dimension, ...]
    box: Box

    def parts(self) -> Iterator[tuple[Dimension, tuple[Cell, ...], bool]]:
        """What narrows it: dimension, cells, and whether it is "all but those" (the shorter way to say it)."""
        for dimension, chosen in zip(self.dimensions, self.box, strict=True):
            if len(chosen) == len(dimension.cells):
                continue
            inside = tuple(cell for number, cell in enumerate(dimension.cells) if number in chosen)
            outside = tuple(cell for number, cell in enumerate(dimension.cells) if number not in chosen)
            but = len(outside) < len(inside)
            yield dimension, outside if but else inside, but

    def said(self) -> tuple[Any, ...]:
        """The same as words, to see whether two are told alike."""
        parts = ((each.key, tuple(cell.words for cell in cells), but) for each, cells, but in self.parts())
        return self.logged_in, *parts


@dataclass(frozen=True, slots=True)
class Change:
    """Requests that one rule decided and another one decides now, and who gains or loses by it.

    `path` is the pattern that both rules match, except where its variables hold what `other_than` says; where `partly`, an earlier rule of one of the sets decides some of it. `example` is one path. `host` is None for the
    public one. `inexact` says why it may be incomplete.
    """

    old_rule: str | None
    new_rule: str | None
    methods: tuple[str, ...]
    host: str | None
    path: str
    other_than: tuple[tuple[tuple[str, str], ...], ...]
    partly: bool
    example: str
    gains: tuple[Who, ...]
    loses: tuple[Who, ...]
    inexact: str | None


# A host (None: the public one) and a method.
_Request = tuple[str | None, str]
# The numbers of the rules that decide something in the old set and in the new one; -1 where no rule does.
_Deciders = tuple[int, int]
# What stands at which place in the path, where the two rules compare it with something that they name.
_Held = tuple[tuple[int, str], ...]


@dataclass(slots=True)
class _Group:
    """Requests that the same two rules decide, with what is compared in the path held alike.

    `region` stands for all their paths; `examples` holds one path for each set of requests.
    """

    region: Region
    examples: dict[tuple[_Request, ...], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Verdicts:
    gains: tuple[Who, ...]
    loses: tuple[Who, ...]
    inexact: str | None

    @property
    def told(self) -> bool:
        return bool(self.gains or self.loses or self.inexact)

    def said(self) -> tuple[Any, ...]:
        """All that is told of them, to see whether it is the same."""
        return *(tuple(who.said() for who in each) for each in (self.gains, self.loses)), self.inexact


def compare(old: Side, new: Side) -> tuple[Change, ...]:
    """Every change, in the order of the rules. Changes without gains and losses are told only where inexact."""
    return tuple(_Comparison(old, new).changes())


class _Comparison:
    def __init__(self, old: Side, new: Side) -> None:
        self._rules = (*old.rules.rules, *new.rules.rules)
        self._split = len(old.rules.rules)
        rights = {**old.rules.rights, **new.rules.rights}
        self._rights = {(right.right, right.context): key for key, right in rights.items()}
        named = {host for rule in self._rules for host in rule.hosts or ()}
        self._hosts: list[tuple[str | None, str, str]] = [(None, old.host, new.host)]
        self._hosts += [(host, host, host) for host in sorted(named - {old.host, new.host})]
        self._looks = [Looks(rule) for rule in self._rules]
        self._alike: dict[_Deciders, bool] = {}
        self._places: dict[_Deciders, tuple[frozenset[int], frozenset[str]]] = {}
        self._known: dict[Any, _Verdicts] = {}
        self._groups: dict[tuple[_Deciders, _Held], _Group] = {}
        self._decided: dict[tuple[int, ...], list[tuple[_Deciders, tuple[_Request, ...]]]] = {}

    def changes(self) -> Iterator[Change]:
        self._divide()
        last = len(self._rules)
        order = sorted(
            self._groups, key=lambda key: ([number if number >= 0 else last for number in key[0]], key[1])
        )
        for pair, held in order:
            verdicts = self._verdicts(pair, held)
            apart = self._apart(pair)
            # What stands in the path makes no difference here: it is told with all other paths.
            merged = held and (pair, ()) in self._groups and not any(set(each) <= set(held) for each in apart)
            if not verdicts.told or merged:
                continue
            examples = self._groups[pair, held].examples
            for requests, example in examples.items():
                if any(set(requests) < set(others) for others in examples):
                    continue  # told with those: on some paths other rules come first
                yield from self._told(pair, held, requests, example, verdicts, [] if held else apart)

    def _apart(self, pair: _Deciders) -> list[_Held]:
        """What can stand in the path so that it comes out otherwise than for all other texts."""
        if (pair, ()) not in self._groups:
            return []
        general = self._verdicts(pair, ()).said()
        return sorted(
            held
            for other, held in self._groups
            if other == pair and held and self._verdicts(pair, held).said() != general
        )

    def _told(
        self,
        pair: _Deciders,
        held: _Held,
        requests: Sequence[_Request],
        example: str,
        verdicts: _Verdicts,
        apart: Sequence[_Held],
    ) -> Iterator[Change]:
        shown = self._shown(pair, held)
        methods: dict[str | None, list[str]] = {}
        for host, method in requests:
            methods.setdefault(host, []).append(method)
        other_than = tuple(
            tuple(
                (part.name, text) for place, text in each if isinstance(part := shown.parts[place], Variable)
            )
            for each in apart
        )
        old, new = (self._looks[number].rule.id if number >= 0 else None for number in pair)
        for host, each in methods.items():
            partly = self._partly(pair, [(host, method) for method in each])
            yield Change(
                old, new, tuple(each), host, shown.text, other_than, partly, example,
                verdicts.gains, verdicts.loses, verdicts.inexact,
            )  # fmt: skip

    def _shown(self, pair: _Deciders, held: _Held) -> Pattern:
        found = [looks.rule.pattern for looks in self._both(pair)]
        return intersection(found[0], found[-1], dict(held))

    def _both(self, pair: _Deciders) -> list[Looks]:
        return [self._looks[number] for number in pair if number >= 0]

    def _divide(self) -> None:
        compared = compared_places(self._rules)
        values = template_values(self._rules, _texts(self._looks))
        for region in regions([rule.pattern for rule in self._rules], values, compared):
            for pair, requests in self._pairs(region.matching):
                if pair == (-1, -1) or self._is_alike(pair):
                    continue
                group = self._groups.setdefault((pair, self._held(pair, region)), _Group(region))
                group.examples.setdefault(requests, region.path)

    def _pairs(self, matching: tuple[int, ...]) -> list[tuple[_Deciders, tuple[_Request, ...]]]:
        """Which rules decide which requests, where these rules match the path."""
        found = self._decided.get(matching)
        if found is None:
            by_pair: dict[_Deciders, list[_Request]] = {}
            for host, old_host, new_host in self._hosts:
                for method in (*METHODS, OTHER_METHOD):
                    old = self._first(matching, method, old_host, new=False)
                    new = self._first(matching, method, new_host, new=True)
                    by_pair.setdefault((old, new), []).append((host, method))
            found = self._decided[matching] = [(pair, tuple(each)) for pair, each in by_pair.items()]
        return found

    def _partly(self, pair: _Deciders, requests: Sequence[_Request]) -> bool:
        """Whether other rules decide some of these requests on paths that both rules match."""
        numbers = {number for number in pair if number >= 0}
        return any(
            other != pair and not set(requests).isdisjoint(each)
            for matching, pairs in self._decided.items()
            if numbers.issubset(matching)
            for other, each in pairs
        )

    def _first(self, matching: tuple[int, ...], method: str, host: str, *, new: bool) -> int:
        """The rule of one side that decides such requests; -1 where there is none."""
        for number in matching:
            if (number >= self._split) != new:
                continue
            rule = self._rules[number]
            if (rule.methods is None or method in rule.methods) and rule.at_host(host):
                return number
        return -1

    def _is_alike(self, pair: _Deciders) -> bool:
        found = self._alike.get(pair)
        if found is None:
            found = -1 not in pair and self._looks[pair[0]].alike(self._looks[pair[1]])
            self._alike[pair] = found
        return found

    def _held(self, pair: _Deciders, region: Region) -> _Held:
        if pair not in self._places:
            looks = self._both(pair)
            rules = [each.rule for each in looks]
            places = compared_places(rules)
            self._places[pair] = places, template_values(rules, _texts(looks)) if places else frozenset()
        places, values = self._places[pair]
        if not values:
            return ()
        return tuple(
            (place, segment)
            for place, segment in enumerate(region.segments)
            if place in places and segment in values
        )

    def _verdicts(self, pair: _Deciders, held: _Held) -> _Verdicts:
        region, shown = self._groups[pair, held].region, self._shown(pair, held)
        key = tuple(self._looks[number].question(region, shown) if number >= 0 else None for number in pair)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._judge(pair, region, shown)
        return found

    def _judge(self, pair: _Deciders, region: Region, shown: Pattern) -> _Verdicts:
        looks = self._both(pair)
        inexact = next((each.unsaid for each in looks if each.unsaid is not None), None)
        rendered: dict[str, str] = {}
        for each in looks:
            rendered |= each.rendered(region, shown)
        everything = dimensions(
            joined(each.samples for each in looks) or Distinctions(), rendered, self._rights
        )
        found: dict[bool, list[Who]] = {True: [], False: []}
        for logged_in in (False, True):
            looked_at = tuple(each for each in everything if logged_in or not each.about_person)
            if prod(len(each.cells) for each in looked_at) > _MOST_CLASSES:
                inexact = inexact or f"more than {_MOST_CLASSES:,} classes of people: not all were compared"
            old, new = (self._decider(number, region, shown, logged_in, looked_at) for number in pair)
            tables: dict[bool, list[Class]] = {True: [], False: []}
            for chosen in islice(product(*(range(len(each.cells)) for each in looked_at)), _MOST_CLASSES):
                after = new(chosen)
                if old(chosen) != after:
                    tables[after].append(chosen)
            for after, classes in tables.items():
                counts = [len(each.cells) for each in looked_at]
                found[after].extend(Who(logged_in, looked_at, box) for box in boxes(classes, counts))
        return _Verdicts(tuple(found[True]), tuple(found[False]), inexact)

    def _decider(
        self, number: int, region: Region, shown: Pattern, logged_in: bool, looked_at: Sequence[Dimension]
    ) -> Callable[[Class], bool]:
        """What a rule decides of a class; asked once for each part of a class that the rule looks at."""
        if number < 0:
            return lambda _chosen: False
        looks = self._looks[number]
        own = {each.key for each in dimensions(looks.samples, looks.rendered(region, shown), self._rights)}
        places = [place for place, each in enumerate(looked_at) if each.key in own]
        known: dict[Class, bool] = {}

        def allows(chosen: Class) -> bool:
            part = tuple(chosen[place] for place in places)
            found = known.get(part)
            if found is None:
                cells = [(looked_at[place], looked_at[place].cells[chosen[place]]) for place in places]
                found = known[part] = looks.allows(region, logged_in, cells)
            return found

        return allows


def _texts(looks: Sequence[Looks]) -> set[str]:
    """What these rules could compare with a part of the path."""
    found: set[str] = set()
    for each in looks:
        found.update(each.samples.organisations)
        found.update(value for _, value in each.samples.claims if isinstance(value, str))
    return found
