"""Finds rules that are valid but probably a mistake: those that never decide, and those that open part of a closed area.

Path patterns are compared exactly. Of a regular expression only the literal beginning is used, so that a finding is
never wrong, though one may be missed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from urllib.parse import unquote, urlsplit

from gateway.analysis.equivalence import NOON
from gateway.analysis.path_partition import PathClass, partition
from gateway.analysis.regex_example import regex_example
from gateway.http_semantics import METHODS
from gateway.plugin import Allow, Facts
from gateway.policy.evaluate import matching_rule
from gateway.policy.pattern import Literal, Pattern
from gateway.policy.ruleset import At, Rule, RuleSet, methods_of

_MOST_CLASSES = 1_000_000
_MOST_LISTED = 3
_OTHER = "other"
# An escape, a character class, or one character: a dot in a class is not a dot of the expression.
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
# A host and a method.
_Request = tuple[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A probable mistake: its place, a stable code, and a message. `accept: [CODE]` in a rule says that it is intended."""

    at: At
    code: str
    message: str


@dataclass(slots=True)
class Coverage:
    """What happens to the requests of one rule: those that it may decide, and which rules decide the others.

    `loses` holds by the number of the deciding rule an example path and those requests.
    """

    decides: set[_Request] = field(default_factory=set)
    loses: dict[int, tuple[str, set[_Request]]] = field(default_factory=dict)


def lint(rules: RuleSet, hosts: Sequence[str]) -> Iterator[Finding]:
    """The findings about the rules of one environment, which people reach at `hosts`; in no particular order."""
    coverage = coverage_of(rules.rules, hosts)
    for number, rule in enumerate(rules.rules):
        found = [
            *_never_decides(rule, coverage[number], rules.rules, hosts),
            *_regex(rule),
            *_redirect(rule, rules, hosts),
            *_websocket(rule, coverage[number]),
        ]
        yield from (finding for finding in found if finding.code not in rule.accepts)
    for finding, accepts in _opened(rules.rules):
        if finding.code not in accepts:
            yield finding


def unreachable(rules: RuleSet, hosts: Sequence[str]) -> frozenset[str]:
    """The ids of the rules that decide no request at all."""
    coverage = coverage_of(rules.rules, hosts)
    return frozenset(rule.id for number, rule in enumerate(rules.rules) if not coverage[number].decides)


def coverage_of(rules: Sequence[Rule], hosts: Sequence[str]) -> list[Coverage]:
    """What happens to the requests of each rule, for people who come by these hosts."""
    found = [Coverage() for _ in rules]
    # Only where an expression may match is known: such a rule may decide, but takes no request from a later rule.
    patterns = [replace(rule.pattern, expression=None) for rule in rules]
    seen: set[tuple[int, ...]] = set()
    methods = (*methods_of(rules), _OTHER)
    for path_class in islice(partition(patterns), _MOST_CLASSES):
        if path_class.matching not in seen:
            seen.add(path_class.matching)
            for request in product(hosts, methods):
                _settle(rules, path_class, request, found)
    return found


def _settle(rules: Sequence[Rule], path_class: PathClass, request: _Request, found: list[Coverage]) -> None:
    winner: int | None = None
    host, method = request
    for number in path_class.matching:
        rule = rules[number]
        if not rule.at_host(host) or (rule.methods is not None and method not in rule.methods):
            continue
        if winner is None:
            found[number].decides.add(request)
            # An open emergency rule takes nothing from the rules after it.
            if rule.pattern.expression is None and rule.opening is None:
                winner = number
        else:
            found[number].loses.setdefault(winner, (path_class.path, set()))[1].add(request)


def _never_decides(
    rule: Rule, coverage: Coverage, rules: Sequence[Rule], hosts: Collection[str]
) -> Iterator[Finding]:
    if not any(rule.at_host(host) for host in hosts):
        message = (
            f"rule {rule.id!r} decides nothing: nobody reaches this environment at {_list(rule.hosts or ())}"
        )
        yield Finding(rule.at, "other-host", message)
        return
    if not coverage.decides:
        message = f"rule {rule.id!r} decides nothing: {_deciders(rule, coverage, rules)}"
        yield Finding(rule.at, "unreachable", message)
        return
    # GET includes HEAD, so HEAD is not listed separately.
    methods = [
        method
        for method in sorted(rule.methods or ())
        if method != "HEAD" or "GET" not in (rule.methods or ())
    ]
    for place, names in ((1, methods), (0, sorted(rule.hosts or ()))):
        for name in names:
            if not any(request[place] == name for request in coverage.decides):
                others = _deciders(rule, coverage, rules, place, name)
                if others:
                    message = f"rule {rule.id!r} names {name} but decides none of it: {others}"
                    yield Finding(rule.at, "shadowed", message)


def _deciders(
    rule: Rule, coverage: Coverage, rules: Sequence[Rule], place: int = 0, name: str | None = None
) -> str:
    """The rules that decide instead, each with an example path."""
    shown = regex_example(rule.pattern.expression.text) if rule.pattern.expression is not None else None
    found: list[str] = []
    for winner, (path, requests) in sorted(coverage.loses.items()):
        if name is None or any(request[place] == name for request in requests):
            other = rules[winner]
            path = shown if shown and other.pattern.match(shown[1:].split("/")) is not None else path  # noqa: PLW2901
            found.append(f"{path} is decided by rule {other.id!r} before it")
    return "; ".join(found[:_MOST_LISTED])


def _websocket(rule: Rule, coverage: Coverage) -> Iterator[Finding]:
    """A WebSocket is opened by GET (RFC 6455 section 4.1)."""
    if rule.websocket and coverage.decides and all(method != "GET" for _, method in coverage.decides):
        names = (
            "its methods leave it out" if rule.methods and "GET" not in rule.methods else "rules before it do"
        )
        message = f"rule {rule.id!r} allows WebSockets, which are opened by GET, but decides no GET: {names}"
        yield Finding(rule.at, "websocket-method", message)


def _regex(rule: Rule) -> Iterator[Finding]:
    if rule.pattern.expression is not None:
        for code, message in regex_risks(rule.pattern.expression.text):
            yield Finding(rule.at, code, f"rule {rule.id!r}: {message}")


def _redirect(rule: Rule, rules: RuleSet, hosts: Sequence[str]) -> Iterator[Finding]:
    """A redirect that leads to the same rule: browsers give up on it."""
    to = rule.handling.redirect
    if to is None:
        return
    parts = urlsplit(to(dict.fromkeys(rule.pattern.variables, "x")).location)
    if parts.netloc and parts.netloc not in hosts:
        return
    method = "GET" if rule.methods is None or "GET" in rule.methods else min(rule.methods)
    segments = tuple(unquote(parts.path)[1:].split("/"))
    for host in (parts.netloc,) if parts.netloc else hosts:
        again = matching_rule(rules, method, host, segments)
        if again is not None and again.id == rule.id and rule.at_host(host):
            yield Finding(
                rule.at, "redirect-loop", f"rule {rule.id!r} redirects to {to.text}, which it redirects again"
            )
            return


def regex_risks(text: str) -> Iterator[tuple[str, str]]:
    """(code, message) of each likely mistake."""
    tokens = _TOKEN.findall(text.removeprefix("^").removesuffix("$"))
    # Each dot, with what follows it.
    dots = [(number, tokens[number + 1 : number + 2]) for number, token in enumerate(tokens) if token == "."]  # noqa: S105
    if any(after not in (["*"], ["+"], ["?"], ["{"]) for _, after in dots):
        yield "regex-dot", r"a dot in the regular expression matches any character; for a dot write \."
    # With a slash after it, a repeated dot also matches several segments where one is expected.
    if any(after in (["*"], ["+"], ["{"]) and "/" in tokens[number + 1 :] for number, after in dots):
        yield (
            "regex-slash",
            "in the middle of the regular expression .* also matches slashes; for one segment write [^/]*",
        )


def _opened(rules: Sequence[Rule]) -> Iterator[tuple[Finding, frozenset[str]]]:
    """Rules that let anyone in, inside an area that another rule protects."""
    protected: dict[tuple[str | None, ...], Rule] = {}
    public: list[Rule] = []
    for rule in rules:
        if lets_anyone_in(rule):
            public.append(rule)
        elif rule.pattern.rest and rule.pattern.expression is None and rule.pattern.parts:
            protected.setdefault(_steps(rule.pattern), rule)
    for rule in public:
        around = next((protected[key] for key in _above(rule.pattern) if key in protected), None)
        if around is not None:
            file, line, _ = around.at
            message = (
                f"rule {rule.id!r} lets anyone in at {rule.pattern.text}, inside {around.pattern.text}, which rule"
                f" {around.id!r} ({file}:{line}) protects"
            )
            yield Finding(rule.at, "public-inside", message), rule.accepts


def lets_anyone_in(rule: Rule) -> bool:
    """Whether this rule asks nothing of the person, as far as one example shows."""
    path_class = next(partition([replace(rule.pattern, expression=None)]))
    variables = dict.fromkeys(rule.pattern.variables, "x")
    method = next(iter(sorted(rule.methods or METHODS)))
    facts = Facts(method, "", path_class.path, "192.0.2.1", NOON.timestamp(), None, variables)
    try:
        return all(isinstance(facts.ask(policy), Allow) for policy in rule.require)
    except BaseException:  # noqa: BLE001 - a policy that fails denies
        return False


def _steps(pattern: Pattern) -> tuple[str | None, ...]:
    return tuple(part.text if isinstance(part, Literal) else None for part in pattern.parts)


def _above(pattern: Pattern) -> Iterator[tuple[str | None, ...]]:
    """The beginnings of `/**` patterns that contain the whole of this pattern, the longest first."""
    steps = _steps(pattern)
    longest = len(steps) - (0 if pattern.rest else 1)
    for length in range(max(longest, len(steps)), 0, -1):
        yield from product(*((step, None) if step else (step,) for step in steps[:length]))


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
