"""Finds rules that are not wrong but hardly meant: those that never decide, and those that open a part of what is closed.

It decides on the patterns themselves: what it says of them holds for every path. Of a regular expression it only says
what holds for all paths that begin as its own do, so that it is never wrong and may stay silent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product

from gateway.analysis.lint_regex import regex_risks
from gateway.analysis.path_partition import Region, regions
from gateway.analysis.suite_settings import NOON
from gateway.http_semantics import METHODS
from gateway.plugin.contract import Allow, Facts
from gateway.policy.expression import example
from gateway.policy.pattern import Literal, Pattern
from gateway.policy.ruleset import At, Rule, RuleSet

_MOST_REGIONS = 1_000_000
_MOST_SAID = 3
_OTHER = "other"
_Request = tuple[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to look at: where it stands, a stable code, and words. `accept: [CODE]` in a rule says it is meant."""

    at: At
    code: str
    message: str


@dataclass(slots=True)
class _Reach:
    """What becomes of the requests of one rule: those that it may decide, and who decides the others."""

    decides: set[_Request] = field(default_factory=set)
    loses: dict[int, tuple[str, set[_Request]]] = field(default_factory=dict)


def lint(rules: RuleSet, hosts: Sequence[str]) -> Iterator[Finding]:
    """The findings about the rules of one environment that people reach under `hosts`, not yet in order."""
    reach = _reach(rules.rules, hosts)
    for number, rule in enumerate(rules.rules):
        found = [*_never_decides(rule, reach[number], rules.rules, hosts), *_regex(rule)]
        yield from (finding for finding in found if finding.code not in rule.accepts)
    for finding, accepts in _opened(rules.rules):
        if finding.code not in accepts:
            yield finding


def unreachable(rules: RuleSet, hosts: Sequence[str]) -> frozenset[str]:
    """The ids of the rules that decide no request at all."""
    reach = _reach(rules.rules, hosts)
    return frozenset(rule.id for number, rule in enumerate(rules.rules) if not reach[number].decides)


def _reach(rules: Sequence[Rule], hosts: Sequence[str]) -> list[_Reach]:
    found = [_Reach() for _ in rules]
    # Where an expression may match is known, where it does match is not: it may decide, and takes nothing from others.
    patterns = [replace(rule.pattern, expression=None) for rule in rules]
    seen: set[tuple[int, ...]] = set()
    for region in islice(regions(patterns), _MOST_REGIONS):
        if region.matching not in seen:
            seen.add(region.matching)
            for request in product(hosts, (*METHODS, _OTHER)):
                _settle(rules, region, request, found)
    return found


def _settle(rules: Sequence[Rule], region: Region, request: _Request, found: list[_Reach]) -> None:
    winner: int | None = None
    host, method = request
    for number in region.matching:
        rule = rules[number]
        if not rule.at_host(host) or (rule.methods is not None and method not in rule.methods):
            continue
        if winner is None:
            found[number].decides.add(request)
            if rule.pattern.expression is None:
                winner = number
        else:
            found[number].loses.setdefault(winner, (region.path, set()))[1].add(request)


def _never_decides(
    rule: Rule, reach: _Reach, rules: Sequence[Rule], hosts: Collection[str]
) -> Iterator[Finding]:
    if not any(rule.at_host(host) for host in hosts):
        words = (
            f"rule {rule.id!r} decides nothing: nobody reaches this environment at {_list(rule.hosts or ())}"
        )
        yield Finding(rule.at, "other-host", words)
        return
    if not reach.decides:
        words = f"rule {rule.id!r} decides nothing: {_deciders(rule, reach, rules)}"
        yield Finding(rule.at, "unreachable", words)
        return
    # GET includes HEAD, so that one word is enough for both.
    methods = [
        method
        for method in sorted(rule.methods or ())
        if method != "HEAD" or "GET" not in (rule.methods or ())
    ]
    for place, names in ((1, methods), (0, sorted(rule.hosts or ()))):
        for name in names:
            if not any(request[place] == name for request in reach.decides):
                others = _deciders(rule, reach, rules, place, name)
                if others:
                    words = f"rule {rule.id!r} names {name} but decides none of it: {others}"
                    yield Finding(rule.at, "shadowed", words)


def _deciders(
    rule: Rule, reach: _Reach, rules: Sequence[Rule], place: int = 0, name: str | None = None
) -> str:
    """Who decides instead, each with a path that shows it."""
    shown = example(rule.pattern.expression.text) if rule.pattern.expression is not None else None
    said: list[str] = []
    for winner, (path, requests) in sorted(reach.loses.items()):
        if name is None or any(request[place] == name for request in requests):
            other = rules[winner]
            path = shown if shown and other.pattern.match(shown[1:].split("/")) is not None else path  # noqa: PLW2901
            said.append(f"{path} is decided by rule {other.id!r} before it")
    return "; ".join(said[:_MOST_SAID])


def _regex(rule: Rule) -> Iterator[Finding]:
    if rule.pattern.expression is not None:
        for code, words in regex_risks(rule.pattern.expression.text):
            yield Finding(rule.at, code, f"rule {rule.id!r}: {words}")


def _opened(rules: Sequence[Rule]) -> Iterator[tuple[Finding, frozenset[str]]]:
    """Rules that let anybody in, inside what another rule protects as a whole."""
    protected: dict[tuple[str | None, ...], Rule] = {}
    public: list[Rule] = []
    for rule in rules:
        if _lets_anyone_in(rule):
            public.append(rule)
        elif rule.pattern.rest and rule.pattern.expression is None and rule.pattern.parts:
            protected.setdefault(_steps(rule.pattern), rule)
    for rule in public:
        around = next((protected[key] for key in _above(rule.pattern) if key in protected), None)
        if around is not None:
            file, line, _ = around.at
            words = (
                f"rule {rule.id!r} lets anybody in at {rule.pattern.text}, inside {around.pattern.text}, which rule"
                f" {around.id!r} ({file}:{line}) protects"
            )
            yield Finding(rule.at, "public-inside", words), rule.accepts


def _lets_anyone_in(rule: Rule) -> bool:
    region = next(regions([replace(rule.pattern, expression=None)]))
    variables = dict.fromkeys(rule.pattern.variables, "x")
    method = next(iter(sorted(rule.methods or METHODS)))
    facts = Facts(method, "", region.path, "192.0.2.1", NOON.timestamp(), None, variables)
    try:
        return all(isinstance(facts.ask(policy), Allow) for policy in rule.require)
    except Exception:  # noqa: BLE001 - a policy that fails lets nobody in
        return False


def _steps(pattern: Pattern) -> tuple[str | None, ...]:
    return tuple(part.text if isinstance(part, Literal) else None for part in pattern.parts)


def _above(pattern: Pattern) -> Iterator[tuple[str | None, ...]]:
    """The beginnings of patterns ending in ** within which the whole of this pattern lies, the longest first."""
    steps = _steps(pattern)
    longest = len(steps) - (0 if pattern.rest else 1)
    for length in range(max(longest, len(steps)), 0, -1):
        yield from product(*((step, None) if step else (step,) for step in steps[:length]))


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
