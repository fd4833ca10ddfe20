"""Compares two rule sets: who gains and who loses access to what, and what goes to another place.

Paths are partitioned by the patterns of both sets, people by what the policies of both sets distinguish. Each
class is decided by both sets with the code that decides requests, so the result is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from math import prod
from typing import Any, Final

from gateway.analysis.change import ANY_METHOD, OTHER_METHOD, WEBSOCKET, Change, Who
from gateway.analysis.cubes import Class, cubes_covering
from gateway.analysis.equivalence import Dimension, dimensions
from gateway.analysis.path_partition import PathClass, intersection, partition
from gateway.analysis.path_variables import compared_positions, template_values
from gateway.analysis.rule_inputs import RuleInputs
from gateway.handling import Change as How
from gateway.handling import Destination, destination_change
from gateway.plugin import Distinctions, combine
from gateway.policy.pattern import Pattern, Variable
from gateway.policy.ruleset import RuleSet, compile_rules, methods_of

_MOST_CLASSES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Side:
    """One of two rule sets to compare; `host` is its public host name."""

    rules: RuleSet
    host: str


# A host (None: the public one) and a method.
_Request = tuple[str | None, str]
# The numbers of the deciding rules in the old and the new set; -1 for no rule.
_Deciders = tuple[int, int]
# Values at positions of the path (0 is the first segment) that one of the two rules compares it with.
_Held = tuple[tuple[int, str], ...]


@dataclass(slots=True)
class _Group:
    """Requests that the same two rules decide, with equal values at the compared positions of the path.

    `path_class` stands for all their paths; `examples` holds one path for each set of requests.
    """

    path_class: PathClass
    examples: dict[tuple[_Request, ...], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Verdicts:
    gains: tuple[Who, ...]
    loses: tuple[Who, ...]
    moves: tuple[Who, ...]
    inexact: str | None

    @property
    def differs(self) -> bool:
        return bool(self.gains or self.loses or self.moves or self.inexact)

    def signature(self) -> tuple[Any, ...]:
        """Equal for verdicts that are described the same."""
        return *(
            tuple(who.signature() for who in each) for each in (self.gains, self.loses, self.moves)
        ), self.inexact


Watch = Callable[[Iterable[Any], str], Iterable[Any]]
"""Passes items on, and may show how many of them there were; what they are is in words."""


def compare(old: Side, new: Side, watch: Watch = lambda items, _what: items) -> tuple[Change, ...]:
    """Every change, in the order of the rules; changes without any effect only where they are inexact."""
    return tuple(_Comparison(old, new).changes(watch))


class _Comparison:
    def __init__(self, old: Side, new: Side) -> None:
        if old.rules.folds != new.rules.folds:
            old, new = _folding(old), _folding(new)
        self._rules = (*old.rules.rules, *new.rules.rules)
        websocket = (WEBSOCKET,) if any(rule.websocket for rule in self._rules) else ()
        self._methods = (*methods_of(self._rules), OTHER_METHOD, *websocket)
        self._split = len(old.rules.rules)
        rights = {**old.rules.rights, **new.rules.rights}
        self._rights = {(right.right, right.context): key for key, right in rights.items()}
        named = {host for rule in self._rules for host in rule.hosts or ()}
        self._hosts: list[tuple[str | None, str, str]] = [(None, old.host, new.host)]
        self._hosts += [(host, host, host) for host in sorted(named - {old.host, new.host})]
        self._inputs = [RuleInputs(rule) for rule in self._rules]
        self._alike: dict[_Deciders, bool] = {}
        self._positions: dict[_Deciders, tuple[frozenset[int], frozenset[str]]] = {}
        self._known: dict[Any, _Verdicts] = {}
        self._groups: dict[tuple[_Deciders, _Held], _Group] = {}
        self._decided: dict[tuple[int, ...], list[tuple[_Deciders, tuple[_Request, ...]]]] = {}

    def changes(self, watch: Watch) -> Iterator[Change]:
        """Every change."""
        self._divide(watch)
        last = len(self._rules)
        order = sorted(
            self._groups, key=lambda key: ([number if number >= 0 else last for number in key[0]], key[1])
        )
        for pair, held in watch(order, "pairs of rules"):
            verdicts = self._verdicts(pair, held)
            exceptions = self._exceptions(pair)
            # The value in the path makes no difference here: reported together with all other values.
            merged = (
                held and (pair, ()) in self._groups and not any(set(each) <= set(held) for each in exceptions)
            )
            if not verdicts.differs or merged:
                continue
            examples = self._groups[pair, held].examples
            for requests, example in examples.items():
                if any(set(requests) < set(others) for others in examples):
                    continue  # reported with those: on some paths other rules come first
                yield from self._changes_of(
                    pair, held, requests, example, verdicts, [] if held else exceptions
                )

    def _exceptions(self, pair: _Deciders) -> list[_Held]:
        """The values in the path that give another outcome than all other values."""
        if (pair, ()) not in self._groups:
            return []
        general = self._verdicts(pair, ()).signature()
        return sorted(
            held
            for other, held in self._groups
            if other == pair and held and self._verdicts(pair, held).signature() != general
        )

    def _changes_of(
        self,
        pair: _Deciders,
        held: _Held,
        requests: Sequence[_Request],
        example: str,
        verdicts: _Verdicts,
        exceptions: Sequence[_Held],
    ) -> Iterator[Change]:
        shown = self._shown(pair, held)
        methods: dict[str | None, list[str]] = {}
        for host, method in requests:
            methods.setdefault(host, []).append(method)
        other_than = tuple(
            tuple(
                (part.name, text)
                for position, text in each
                if isinstance(part := shown.parts[position], Variable)
            )
            for each in exceptions
        )
        old, new = (self._inputs[number].rule.id if number >= 0 else None for number in pair)
        for host, each in methods.items():
            partly = self._partly(pair, [(host, method) for method in each])
            yield Change(
                old, new, self._written(each), host, shown.text, other_than, partly, example,
                verdicts.gains, verdicts.loses, verdicts.moves, *self._destinations(pair), verdicts.inexact,
            )  # fmt: skip

    def _written(self, methods: Iterable[str]) -> tuple[str, ...]:
        """All methods, where these are, as one; WebSockets beside them."""
        plain = tuple(method for method in methods if method != WEBSOCKET)
        websocket = (WEBSOCKET,) if WEBSOCKET in methods else ()
        every = {*plain, WEBSOCKET} >= set(self._methods)
        return (*(ANY_METHOD if every else plain), *websocket)

    def _destinations(self, pair: _Deciders) -> tuple[str | None, str | None]:
        old, new = (
            self._inputs[number].rule.handling.destination.words if number >= 0 else None for number in pair
        )
        return old, new

    def _shown(self, pair: _Deciders, held: _Held) -> Pattern:
        found = [inputs.rule.pattern for inputs in self._both(pair)]
        return intersection(found[0], found[-1], dict(held))

    def _both(self, pair: _Deciders) -> list[RuleInputs]:
        return [self._inputs[number] for number in pair if number >= 0]

    def _divide(self, watch: Watch) -> None:
        compared = compared_positions(self._rules)
        values = template_values(self._rules, _comparable_texts(self._inputs))
        classes = partition([rule.pattern for rule in self._rules], values, compared)
        for path_class in watch(classes, "groups of paths"):
            for pair, requests in self._pairs(path_class.matching):
                if pair == (-1, -1) or self._is_alike(pair):
                    continue
                group = self._groups.setdefault((pair, self._held(pair, path_class)), _Group(path_class))
                group.examples.setdefault(requests, path_class.path)

    def _pairs(self, matching: tuple[int, ...]) -> list[tuple[_Deciders, tuple[_Request, ...]]]:
        """The pairs of rules that decide requests for a path that these rules match, with those requests."""
        found = self._decided.get(matching)
        if found is None:
            by_pair: dict[_Deciders, list[_Request]] = {}
            for host, old_host, new_host in self._hosts:
                for method in self._methods:
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
        """The rule of one side that decides such requests; -1 for none, and for WebSockets where it allows none."""
        asked = "GET" if method == WEBSOCKET else method
        for number in matching:
            if (number >= self._split) != new:
                continue
            rule = self._rules[number]
            if (rule.methods is None or asked in rule.methods) and rule.at_host(host):
                return number if rule.websocket or method != WEBSOCKET else -1
        return -1

    def _is_alike(self, pair: _Deciders) -> bool:
        found = self._alike.get(pair)
        if found is None:
            found = -1 not in pair and self._inputs[pair[0]].alike(self._inputs[pair[1]])
            self._alike[pair] = found
        return found

    def _held(self, pair: _Deciders, path_class: PathClass) -> _Held:
        if pair not in self._positions:
            both = self._both(pair)
            rules = [each.rule for each in both]
            positions = compared_positions(rules)
            self._positions[pair] = (
                positions,
                template_values(rules, _comparable_texts(both)) if positions else frozenset(),
            )
        positions, values = self._positions[pair]
        if not values:
            return ()
        return tuple(
            (position, segment)
            for position, segment in enumerate(path_class.segments)
            if position in positions and segment in values
        )

    def _verdicts(self, pair: _Deciders, held: _Held) -> _Verdicts:
        path_class, shown = self._groups[pair, held].path_class, self._shown(pair, held)
        key = tuple(self._inputs[number].key(path_class, shown) if number >= 0 else None for number in pair)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._judge(pair, path_class, shown)
        return found

    def _judge(self, pair: _Deciders, path_class: PathClass, shown: Pattern) -> _Verdicts:
        both = self._both(pair)
        inexact = next((each.inexact for each in both if each.inexact is not None), None)
        rendered: dict[str, str] = {}
        for each in both:
            rendered |= each.rendered(path_class, shown)
        everything = dimensions(
            combine(each.distinctions for each in both) or Distinctions(), rendered, self._rights
        )
        found: dict[How, list[Who]] = {"newly_allowed": [], "newly_denied": [], "elsewhere": []}
        for logged_in in (False, True):
            used = tuple(each for each in everything if logged_in or not each.about_person)
            if prod(len(each.cells) for each in used) > _MOST_CLASSES:
                inexact = inexact or f"more than {_MOST_CLASSES:,} classes of people: not all were compared"
            old, new = (self._decider(number, path_class, shown, logged_in, used) for number in pair)
            tables: dict[How, list[Class]] = {how: [] for how in found}
            for chosen in islice(product(*(range(len(each.cells)) for each in used)), _MOST_CLASSES):
                how = destination_change(old(chosen), new(chosen))
                if how is not None:
                    tables[how].append(chosen)
            for how, classes in tables.items():
                counts = [len(each.cells) for each in used]
                found[how].extend(Who(logged_in, used, cube) for cube in cubes_covering(classes, counts))
        gains, loses, moves = (tuple(each) for each in found.values())
        return _Verdicts(gains, loses, moves, inexact)

    def _decider(
        self, number: int, path_class: PathClass, shown: Pattern, logged_in: bool, used: Sequence[Dimension]
    ) -> Callable[[Class], Destination | None]:
        """Where a rule sends a class, cached by the dimensions that the rule depends on; None: it is denied."""
        if number < 0:
            return lambda _chosen: None
        inputs = self._inputs[number]
        own = {
            each.key
            for each in dimensions(inputs.distinctions, inputs.rendered(path_class, shown), self._rights)
        }
        own_numbers = [number for number, each in enumerate(used) if each.key in own]
        known: dict[Class, Destination | None] = {}

        def goes(chosen: Class) -> Destination | None:
            part = tuple(chosen[number] for number in own_numbers)
            if part not in known:
                cells = [(used[number], used[number].cells[chosen[number]]) for number in own_numbers]
                known[part] = inputs.goes(path_class, logged_in, cells)
            return known[part]

        return goes


def _folding(side: Side) -> Side:
    """The side as if it did not tell A-Z from a-z: only what then still differs is a difference between the rules."""
    rules = side.rules
    try:
        return side if rules.folds else Side(compile_rules(rules.rules, rules.rights, folds=True), side.host)
    except ValueError:
        return side


def _comparable_texts(inputs: Sequence[RuleInputs]) -> set[str]:
    """The texts that these rules could compare with a part of the path."""
    found: set[str] = set()
    for each in inputs:
        found.update(each.distinctions.organisations)
        found.update(value for _, value in each.distinctions.claims if isinstance(value, str))
    return found
