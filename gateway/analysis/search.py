"""Lists what is open to somebody, and who is let in: from the classes that rules distinguish, so that none is missing.

Pure. The same functions decide each class that decide requests. Fact sources are assumed to give the most favourable
answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, product
from math import prod
from typing import Any, Final, Literal

from gateway.analysis.equivalence import OTHER, Cell, Dimension, dimensions, input_of_class
from gateway.analysis.path_partition import PathClass, partition
from gateway.analysis.path_variables import compared_positions, identity_texts, template_values
from gateway.analysis.possible import exists
from gateway.analysis.rule_inputs import RuleInputs
from gateway.model import DecisionInput, Identity, Organisation
from gateway.plugin import Distinctions, combine
from gateway.policy.assumed import assumed_answers
from gateway.policy.evaluate import decide, rules_in_question
from gateway.policy.pattern import Pattern
from gateway.policy.ruleset import Rule, RuleSet

MOST_CLASSES: Final = 50_000


class TooMany(ValueError):
    """There are more classes than can be listed; the message says how many."""


@dataclass(frozen=True, slots=True)
class OpenPaths:
    """Paths that are open to somebody: one of them, the rule that opens them and its pattern.

    `below`: every path below it is open by the same rule. `checked_again`: something else is checked at each request.
    """

    path: str
    rule: str
    pattern: str
    below: bool
    checked_again: bool


def allows(rules: RuleSet, asked: DecisionInput) -> bool:
    """Whether this request is allowed, where fact sources give their most favourable answer."""
    if rules.asks_sources:
        asked = asked._replace(facts=assumed_answers(rules, asked))
    return decide(rules, asked).allowed


def open_paths(rules: RuleSet, person: DecisionInput, own: Sequence[Pattern] = ()) -> Iterator[OpenPaths]:
    """Every class of paths that is open to this person for this method, host, address and moment; `path` is ignored.

    The paths of `own` are never the register's.
    """
    patterns = [*(rule.pattern for rule in rules.rules), *own]
    values = template_values(rules.rules, identity_texts(person.identity))
    compared = compared_positions(rules.rules)
    seen: set[tuple[Any, ...]] = set()
    known = {rule.id: rule for rule in rules.rules}
    for each in partition(patterns, values, compared):
        of_person = tuple(
            (at, text) for at, text in enumerate(each.segments) if at in compared and text in values
        )
        key = (each.matching, of_person)
        if key in seen or each.matching[-1] >= len(rules.rules):
            continue
        seen.add(key)
        asked = person._replace(path=each.path, segments=each.segments)
        if rules.asks_sources:
            asked = asked._replace(facts=assumed_answers(rules, asked))
        decision = decide(rules, asked)
        if decision.allowed and decision.rule is not None:
            rule = known[decision.rule]
            yield OpenPaths(each.path, rule.id, rule.pattern.text, each.below, bool(rule.asking))


def inexact_paths(rules: RuleSet) -> str | None:
    """Why `open_paths` may lack some; None where it lacks none."""
    rule = next((each for each in rules.rules if each.pattern.expression is not None), None)
    if rule is None:
        return None
    return f"rule {rule.id!r} has a regular expression, for which only example paths are listed"


@dataclass(frozen=True, slots=True)
class LetIn:
    """The people who are let in, one for each class. `inexact` says why some may be missing, None where none is."""

    identities: tuple[Identity, ...]
    inexact: str | None


def let_in(rules: RuleSet, asked: DecisionInput, kind: Literal["person", "machine"]) -> LetIn:
    """Every class of people, or of programs, for whom this request is allowed. Raises TooMany.

    A text that no rule names stands for every other one.
    """
    deciding = {
        rule.id: (rule, reading) for reading in asked.readings() for rule in rules_in_question(rules, reading)
    }
    if not deciding:
        return LetIn((), None)
    inputs = [RuleInputs(rule) for rule, _ in deciding.values()]
    rendered: dict[str, str] = {}
    for each, (rule, reading) in zip(inputs, deciding.values(), strict=True):
        rendered |= each.rendered(PathClass(reading.segments, (), below=False), rule.pattern)
    distinctions = combine(each.distinctions for each in inputs) or Distinctions()
    about = _about(distinctions, rendered, rules)
    if (size := prod(len(each.cells) for each in about)) > MOST_CLASSES:
        raise TooMany(f"the rules distinguish {size} classes of people here: ask about those whom you mean")
    other = _fresh(distinctions, rendered)
    found: list[Identity] = []
    for chosen in product(*(each.cells for each in about)):
        cells = [*zip(about, chosen, strict=True), (Dimension("kinds", "", ()), Cell(kind, ""))]
        if not exists(cells):
            continue
        identity = _named(input_of_class(asked, True, cells).identity, other, ages=bool(distinctions.ages))
        if allows(rules, asked._replace(identity=identity)):
            found.append(identity)
    return LetIn(tuple(found), _inexact(rule for rule, _ in deciding.values()))


def _about(distinctions: Distinctions, rendered: dict[str, str], rules: RuleSet) -> list[Dimension]:
    """What tells people apart."""
    rights = {(right.right, right.context): key for key, right in rules.rights.items()}
    found = dimensions(distinctions, rendered, rights)
    return [each for each in found if each.about_person and each.kind != "kinds"]


def _inexact(rules: Iterator[Rule]) -> str | None:
    """The path is given, so that regular expressions are exact; answers of sources are assumed."""
    for rule in rules:
        plain = replace(rule, pattern=replace(rule.pattern, expression=None))
        found = RuleInputs(plain).inexact
        if found is not None:
            return found
    return None


def _fresh(distinctions: Distinctions, rendered: dict[str, str]) -> str:
    """A text that is none of those that rules compare."""
    claimed = (value for _, value in distinctions.claims)
    known = {
        text
        for text in chain(
            distinctions.organisations, distinctions.doelgroepen, distinctions.acrs, rendered, claimed
        )
        if isinstance(text, str)
    }
    return next(text for size in count(1) if (text := "x" * size) not in known)


def _named(identity: Identity | None, other: str, *, ages: bool) -> Identity:
    """The same person, with this text in place of the one that stands for every other; `ages`: it matters when they
    logged in."""
    assert identity is not None

    def plain(text: Any) -> Any:
        return other if text == OTHER else text

    organisation = identity.organisation.code if identity.organisation is not None else OTHER
    return replace(
        identity,
        subject=other,
        doelgroep=plain(identity.doelgroep),
        organisation=Organisation(plain(organisation)),
        acr=plain(identity.acr),
        authenticated_at=identity.authenticated_at if ages else 0.0,
        rights=tuple(replace(right, organisation=plain(right.organisation)) for right in identity.rights),
        claims={name: plain(value) for name, value in identity.claims.items()},
    )
