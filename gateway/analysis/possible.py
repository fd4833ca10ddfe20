"""Finds rules that let in nobody, whoever asks and whenever, and options of `any` that let in nobody more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import Final

from gateway.analysis.equivalence import CLIENT, NOON, OTHER, Cell, Dimension, dimensions, input_of_class
from gateway.analysis.lint import Finding
from gateway.analysis.path_partition import partition
from gateway.analysis.rule_inputs import RuleInputs
from gateway.http_semantics import METHODS
from gateway.model import DecisionInput
from gateway.plugin import Allow, Deny, Facts, Policy, Verdict
from gateway.policy.evaluate import decide_by
from gateway.policy.ruleset import Rule, RuleSet, options, walk

# With more classes of people and moments nothing is said.
_MOST_TRIED: Final = 50_000
# What people and programs never have.
_LACKING: Final[Mapping[str, tuple[str, ...]]] = {
    "machine": ("rights", "doelgroepen", "acrs", "bindings"),
    "person": ("scopes", "audiences"),
}
_Rights = Mapping[tuple[str, str | None], str]


def lint_possible(rules: RuleSet) -> Iterator[Finding]:
    """The findings about the rules of one environment, also about emergency rules, as if open."""
    rights = {(right.right, right.context): key for key, right in rules.rights.items()}
    for rule in rules.every:
        for finding in _of_rule(rule, rights):
            if finding.code not in rule.accepts:
                yield finding


def _of_rule(rule: Rule, rights: _Rights) -> Iterator[Finding]:
    people = _People(rule, rights)
    if not people.known:
        return
    if next(people.allowed(rule.require), None) is None:
        words = (
            f"rule {rule.id!r} lets in nobody: no person, at no moment and from no address, can fulfil all that it requires;"
            " write what is meant, or put what excludes one another under `any:`"
        )
        yield Finding(rule.at, "nobody-allowed", words)
        return
    for policy in walk(rule.require):
        yield from _idle_options(rule, people, policy)


def _idle_options(rule: Rule, people: _People, policy: Policy) -> Iterator[Finding]:
    listed = [each for each in options(policy) if isinstance(each, Policy)]
    if len(listed) < 2 or not _one_is_enough(policy, listed):
        return
    allowed = [frozenset(people.allowed((each,))) for each in listed]
    for number, mine in enumerate(allowed):
        # Of two that are alike the later one is idle.
        wider = next(
            (
                other
                for other, theirs in enumerate(allowed)
                if other != number and (mine < theirs or (mine == theirs and other < number))
            ),
            None,
        )
        if wider is not None:
            words = (
                f"rule {rule.id!r}: under `{policy.policy_name}`, {listed[number].to_data()} lets in nobody whom {listed[wider].to_data()} does not:"
                " one is enough there; write `all` if both are meant"
            )
            yield Finding(rule.at, "idle-option", words)


class _Supposed(Facts):
    """Facts on which one policy alone holds."""

    holds: Policy

    def ask(self, policy: Policy) -> Verdict:
        return Allow("supposed") if policy is self.holds else Deny("supposed")


def _one_is_enough(policy: Policy, listed: Sequence[Policy]) -> bool:
    """Whether the policy holds where one of its options does, as `any`: found by asking it, not by its name."""
    for each in listed:
        facts = _Supposed("GET", "", "/", "", NOON.timestamp())
        facts.holds = each
        try:
            verdict = policy.decide(facts)
        except Exception:  # noqa: BLE001 - whatever a policy does with such facts, nothing is known of it then
            return False
        if not isinstance(verdict, Allow):
            return False
    return True


class _People:
    """Everybody whom a rule tells apart. `known` is False where that cannot be said, or where they are too many."""

    def __init__(self, rule: Rule, rights: _Rights) -> None:
        self._rule = rule
        self._path = next(partition([replace(rule.pattern, expression=None)]))
        inputs = RuleInputs(rule)
        rendered = inputs.rendered(self._path, rule.pattern)
        self._dimensions: tuple[Dimension, ...] = dimensions(inputs.distinctions, rendered, rights)
        self.known = (
            inputs.inexact is None and prod(len(each.cells) for each in self._dimensions) <= _MOST_TRIED
        )

    def allowed(self, require: tuple[Policy, ...]) -> Iterator[tuple[int, ...]]:
        """The numbers of those whom these policies allow; nobody logged in is an empty one first."""
        rule = replace(self._rule, require=require)
        for logged_in in (True, False):
            for chosen in product(*(range(len(each.cells)) for each in self._dimensions)):
                cells = [(each, each.cells[at]) for each, at in zip(self._dimensions, chosen, strict=True)]
                if exists(cells) and _allows(rule, self._input(), logged_in=logged_in, cells=cells):
                    yield (int(logged_in), *chosen)

    def _input(self) -> DecisionInput:
        method = min(self._rule.methods) if self._rule.methods else METHODS[0]
        return DecisionInput(method, "", self._path.path, self._path.segments, CLIENT, NOON.timestamp())


def exists(cells: Sequence[tuple[Dimension, Cell]]) -> bool:
    """Whether there can be such people: programs have no rights, doelgroep or login, and people no scopes."""
    kind = next((cell.value for dimension, cell in cells if dimension.kind == "kinds"), None)
    lacking = _LACKING.get(kind, ()) if kind is not None else ()
    return not any(dimension.kind in lacking and cell.value not in (None, OTHER) for dimension, cell in cells)


def _allows(
    rule: Rule, asked: DecisionInput, *, logged_in: bool, cells: Sequence[tuple[Dimension, Cell]]
) -> bool:
    try:
        decision = decide_by(rule, input_of_class(asked, logged_in, cells))
    except BaseException:  # noqa: BLE001 - a policy that fails denies
        return False
    return decision.allowed or decision.redirect is not None
