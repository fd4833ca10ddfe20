"""Scopes and organisations of rules that nobody in the suites has, so that a mistyped one passes every test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from gateway.analysis.identifiers import organisation_fault
from gateway.analysis.lint import Finding
from gateway.config.lints.codes import described_people
from gateway.config.load import Source
from gateway.plugin import Distinctions
from gateway.policy.ruleset import Rule, walk


def unproven(source: Source) -> Iterator[Finding]:
    """The findings about the rules of all environments."""
    people = [person for _, person in described_people(source)]
    scopes = {scope for person in people for scope in person.scopes}
    held = {person.organisation for person in people if person.organisation is not None}
    held |= {
        str(code)
        for person in people
        if (code := (person.acm or {}).get(source.config.identity.claims.organisation))
    }
    rules = {rule.at: rule for each in source.config.rules.values() for rule in each.every}.values()
    named = held | {code for rule in rules for code in _asked(rule).organisations}
    codes = {code for code in named if organisation_fault(code) is None}
    for rule in rules:
        asked = _asked(rule)
        for scope in asked.scopes:
            if scope not in scopes and "unproven-scope" not in rule.accepts:
                near = get_close_matches(scope, sorted(scopes), n=1, cutoff=0.7)
                words = (
                    f"rule {rule.id!r} asks for the scope {scope!r}, which no program in the tests has"
                    + (
                        f"; did you mean {near[0]!r}?"
                        if near
                        else ": describe one, `as: {kind: machine, scopes: [...]}`"
                    )
                )
                yield Finding(rule.at, "unproven-scope", words)
        for code in asked.organisations:
            other = _slip(code, codes)
            if code not in held and other is not None and "nearly-an-organisation" not in rule.accepts:
                words = f"rule {rule.id!r} names the organisation {code}, which nobody in the tests has; did you mean {other}?"
                yield Finding(rule.at, "nearly-an-organisation", words)


def _asked(rule: Rule) -> Distinctions:
    found = [policy.distinctions() or Distinctions() for policy in walk(rule.require)]
    return Distinctions(
        scopes=tuple(dict.fromkeys(scope for each in found for scope in each.scopes)),
        organisations=tuple(dict.fromkeys(code for each in found for code in each.organisations)),
    )


def _slip(code: str, others: Iterable[str]) -> str | None:
    """Another code that becomes this one by a wrong digit, or by two that changed places."""
    for other in sorted(others):
        places = [place for place, pair in enumerate(zip(code, other, strict=False)) if pair[0] != pair[1]]
        if len(code) != len(other) or len(code) < 4 or not places:
            continue
        first, last = places[0], places[-1]
        swapped = last == first + 1 and code[first] == other[last] and code[last] == other[first]
        if first == last or swapped:
            return other
    return None
