"""What openings of the strict reading of paths mean for rules: probable mistakes, and what changes between two files."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.analysis.lint import Finding, lets_anyone_in
from gateway.path_openings import EMPTY_SEGMENTS, PARAMETERS, SLASH
from gateway.policy.ruleset import Rule, RuleSet

# Two readings of such a path differ in the number of segments.
_NEEDS_REST = frozenset((EMPTY_SEGMENTS, SLASH))


def lint_openings(rules: RuleSet, here: frozenset[str]) -> Iterator[Finding]:
    """The findings about what the rules of an environment open, which itself opens `here`; in no particular order."""
    for rule in rules.rules:
        found = [*_opens_nothing(rule, here), *_opened_to_anyone(rule, here)]
        yield from (finding for finding in found if finding.code not in rule.accepts)
    if rules.folds:
        yield from _case_only(rules)


def opening_changes(
    old: RuleSet, new: RuleSet, old_here: frozenset[str], new_here: frozenset[str]
) -> Iterator[str]:
    """What is opened and closed between two rule sets, and two environments that open `old_here` and `new_here`."""
    for name in sorted(new_here - old_here):
        yield f"+ the environment opens paths by `{name}`"
    for name in sorted(old_here - new_here):
        yield f"- the environment does not open paths by `{name}`"
    before, after = ({rule.id: rule.opens_paths for rule in rules.rules} for rules in (old, new))
    for rule in dict.fromkeys((*before, *after)):
        opened, closed = (
            sorted(one.get(rule, frozenset()) - other.get(rule, frozenset()))
            for one, other in ((after, before), (before, after))
        )
        yield from (f"+ rule {rule!r} opens paths by `{name}`" for name in opened)
        yield from (f"- rule {rule!r} does not open paths by `{name}`" for name in closed)
    if old.folds != new.folds:
        yield f"{'+' if new.folds else '-'} rules match {'without telling' if new.folds else 'and tell'} A-Z from a-z"


def _opens_nothing(rule: Rule, here: frozenset[str]) -> Iterator[Finding]:
    for name in sorted(rule.opens_paths):
        if name in here:
            words = f"rule {rule.id!r} opens paths by `{name}`, which the environment does already"
        elif not _has_room(rule, name):
            place = "** at the end" if name in _NEEDS_REST else "{variable} and no **"
            words = f"rule {rule.id!r} opens paths by `{name}`, but none comes through: {rule.pattern.text} has no {place}"
        else:
            continue
        yield Finding(rule.at, "opens-nothing", words)


def _opened_to_anyone(rule: Rule, here: frozenset[str]) -> Iterator[Finding]:
    # Parameters add spellings of the same paths, and no others.
    names = sorted(name for name in (rule.opens_paths | here) - {PARAMETERS} if _has_room(rule, name))
    if names and lets_anyone_in(rule):
        listed = ", ".join(f"`{name}`" for name in names)
        words = f"rule {rule.id!r} lets anyone in at {rule.pattern.text}, also by paths that {listed} lets through"
        yield Finding(rule.at, "opened-to-anyone", words)


def _has_room(rule: Rule, name: str) -> bool:
    pattern = rule.pattern
    return pattern.rest or (name not in _NEEDS_REST and bool(pattern.variables))


def _case_only(rules: RuleSet) -> Iterator[Finding]:
    """Rules whose patterns are written differently and yet match the same paths."""
    first: dict[object, Rule] = {}
    for rule in rules.rules:
        pattern = rule.pattern
        key = pattern.text.lower() if pattern.expression is not None else (pattern.parts, pattern.rest)
        other = first.setdefault(key, rule)
        if other.pattern.text != pattern.text and "case-only" not in rule.accepts:
            words = (
                f"{pattern.text} of rule {rule.id!r} is {other.pattern.text} of rule {other.id!r} in other letters, and"
                " the same to this environment (`case: insensitive`)"
            )
            yield Finding(rule.at, "case-only", words)
