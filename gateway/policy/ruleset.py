"""The compiled rules of an environment: immutable, and replaced as a whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.handling import PLAIN, Handling
from gateway.http_semantics import METHODS
from gateway.model import NOTHING, Decision
from gateway.plugin import NamedRight, Policy, Template
from gateway.policy.pattern import Pattern
from gateway.policy.pattern_tree import PatternTree

# File, line and column.
At = tuple[str, int, int]


def walk(policies: Iterable[Policy]) -> Iterator[Policy]:
    """These policies and all their inner policies, outer ones first."""
    for policy in policies:
        yield policy
        yield from walk(value for value in options(policy) if isinstance(value, Policy))


def options(policy: Policy) -> Iterator[Any]:
    """The values of a policy's options, those of lists one by one."""
    for name in type(policy).model_fields:
        value = getattr(policy, name)
        yield from value if isinstance(value, (tuple, list)) else (value,)


def templates(policy: Any) -> Iterator[Template]:
    """Every template among the options of a policy, including those of its inner policies."""
    if isinstance(policy, Template):
        yield policy
    elif isinstance(policy, Policy):
        for name in type(policy).model_fields:
            yield from templates(getattr(policy, name))
    elif isinstance(policy, Mapping):
        for value in policy.values():
            yield from templates(value)
    elif isinstance(policy, (tuple, list, set, frozenset)):
        for value in policy:
            yield from templates(value)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: which requests it matches, and the policies that must all allow them.

    `methods` and `hosts` are None where all match. `at` says where it is written: file, line, column. `label` is its name
    for people, by language. `accepts` holds the codes of findings that are intended. `opens_paths` names what it lets
    through of paths that the strict reading refuses. `handling` says what becomes of the requests. `asking` are its
    policies that need facts from a source; `programs` says whether one of them is about programs. `passed` is its decision
    where they all allow and its path has no variables. `websocket`: it also covers requests that open a WebSocket, which
    are denied otherwise. `emergency`: it decides only while somebody has opened it, for at most this many seconds;
    `opening` is the id of that opening.
    """

    id: str
    pattern: Pattern
    methods: frozenset[str] | None
    hosts: frozenset[str] | None
    require: tuple[Policy, ...]
    at: At = ("", 0, 0)
    label: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    accepts: frozenset[str] = frozenset()
    opens_paths: frozenset[str] = frozenset()
    websocket: bool = False
    handling: Handling = PLAIN
    emergency: float | None = None
    opening: str | None = None
    asking: tuple[Policy, ...] = field(init=False, repr=False)
    programs: bool = field(init=False, repr=False, compare=False)
    variables: tuple[str, ...] = field(init=False, repr=False, compare=False)
    passed: Decision = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        asking = tuple(
            policy for policy in walk(self.require) if type(policy).question is not Policy.question
        )
        object.__setattr__(self, "asking", asking)
        programs = any(policy.for_programs for policy in walk(self.require))
        object.__setattr__(self, "programs", programs)
        object.__setattr__(self, "variables", self.pattern.variables)
        object.__setattr__(self, "passed", self._passed())

    def _passed(self) -> Decision:
        redirect = self.handling.redirect
        return Decision(
            allowed=redirect is None,
            rule=self.id,
            reason="allowed" if redirect is None else "redirect",
            handling=self.handling,
            redirect=redirect({}) if redirect is not None else None,
            emergency=self.opening,
        )

    def to_dict(self) -> dict[str, Any]:
        """The rule as plain data, without its place."""
        websocket = {"websocket": True} if self.websocket else {}
        emergency = {"emergency": self.emergency} if self.emergency is not None else {}
        written = {
            "id": self.id,
            "path": self.pattern.text,
            "methods": sorted(self.methods) if self.methods is not None else None,
            "hosts": sorted(self.hosts) if self.hosts is not None else None,
            "require": [policy.to_data() for policy in self.require],
            **self.handling.to_data(),
            **websocket,
            **emergency,
        }
        return {**written, "opens": sorted(self.opens_paths)} if self.opens_paths else written

    def at_host(self, host: str) -> bool:
        """Whether the rule matches this host; `*.example.be` means one name below example.be."""
        return self.hosts is None or host in self.hosts or f"*.{host.partition('.')[2]}" in self.hosts


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of one environment, in order. `hash` depends on their content and order only, not on their places.

    `asks_sources`: some rule needs facts from a source. `cors`: some rule answers scripts of other sites. `opens_paths`
    names what the rules let through of paths that the strict reading refuses. `folds`: paths are matched without telling
    A-Z from a-z. `declared` are all rules with the emergency rules that are closed; empty where no emergency rule is
    declared.
    """

    rules: tuple[Rule, ...]
    hash: str
    rights: Mapping[str, NamedRight]
    tree: PatternTree = field(repr=False)
    asks_sources: bool = False
    opens_paths: frozenset[str] = frozenset()
    folds: bool = False
    cors: bool = False
    declared: tuple[Rule, ...] = field(default=(), repr=False)

    @property
    def every(self) -> tuple[Rule, ...]:
        """All rules, also emergency rules that are closed."""
        return self.declared or self.rules

    @property
    def emergencies(self) -> Mapping[str, float]:
        """The emergency rules by their id: for how many seconds each can be open."""
        return {rule.id: rule.emergency for rule in self.declared if rule.emergency is not None}

    def rule_label(self, rule: str) -> Mapping[str, str]:
        """What people call the rule with this id, by language."""
        return next((each.label for each in self.rules if each.id == rule), NOTHING)

    def right_label(self, right: str, context: str | None) -> Mapping[str, str]:
        """What people call a right in a context, by language."""
        known = (each for each in self.rights.values() if (each.right, each.context) == (right, context))
        return next((each.label for each in known), NOTHING)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleSet) and other.hash == self.hash

    def __hash__(self) -> int:
        return hash(self.hash)


def methods_of(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The methods that a request can have as far as these rules tell them apart: the usual ones, and others they name."""
    named = {method for rule in rules for method in rule.methods or ()}
    return (*METHODS, *sorted(named.difference(METHODS)))


def claims_of(rules: RuleSet) -> frozenset[str]:
    """The extra claims that these rules use, as far as their policies say."""
    parts = (policy for rule in rules.every for policy in walk(rule.require))
    return frozenset(name for policy in parts for name in policy.claims_read())


def compile_rules(rules: Sequence[Rule], rights: Mapping[str, NamedRight], *, folds: bool = False) -> RuleSet:
    """Compile rules, in this order, to a rule set. `rights` are the named rights of the configuration.

    Emergency rules without an opening are left out. With `folds`, raises ValueError for a pattern that cannot be folded.
    """
    if folds:
        rules = [replace(rule, pattern=rule.pattern.folding()) for rule in rules]
    declared = tuple(rules) if any(rule.emergency is not None for rule in rules) else ()
    rules = [rule for rule in rules if rule.emergency is None or rule.opening is not None]
    tree = PatternTree(rule.pattern for rule in rules)
    return RuleSet(
        tuple(rules),
        _hash_of(rules, folds=folds),
        dict(rights),
        tree,
        any(rule.asking for rule in rules),
        frozenset().union(*(rule.opens_paths for rule in rules)),
        folds,
        any(rule.handling.cors is not None for rule in rules),
        declared,
    )


def with_emergencies(rules: RuleSet, openings: Mapping[str, str]) -> RuleSet:
    """These rules with the emergency rules of these ids open, each by the opening with this id; all others are closed."""
    opened = [
        replace(rule, opening=openings.get(rule.id)) if rule.emergency is not None else rule
        for rule in rules.declared
    ]
    return compile_rules(opened, rules.rights, folds=rules.folds) if openings else rules


def _hash_of(rules: Iterable[Rule], *, folds: bool) -> str:
    """Of the rules as one JSON array, encoded one by one: all at once, that would keep the interpreter from requests."""
    found = hashlib.sha256(b"[")
    comma = ""
    for rule in rules:
        text = json.dumps(rule.to_dict(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        found.update(f"{comma}{text}".encode())
        comma = ","
    found.update(b',"folds"]' if folds else b"]")
    return found.hexdigest()
