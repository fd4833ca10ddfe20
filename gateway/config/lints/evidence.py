"""Warnings that decision records are the proof of: rules that nothing hits, rights that nobody has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from gateway.analysis.evidence import Evidence, Seen
from gateway.analysis.lint import Finding
from gateway.config.lints.rights import catalogue, nearest, right_as_sent
from gateway.config.load import Source
from gateway.policy.moments import BRUSSELS

_DAY: Final = 86_400.0


def evidence(source: Source, found: Evidence, *, days: int) -> Iterator[Finding]:
    """The findings, about rules only where the records cover this many days."""
    for name, seen in found.environments.items():
        if seen.last - seen.first >= days * _DAY:
            yield from _never_hit(source, name, seen)
    if not found.rights:
        return
    people = sum(seen.people for seen in found.environments.values())
    for key, right in source.config.rights.items():
        pair = (right.right, right.context)
        accepted = source.document.rights[key].accept
        if pair not in found.rights and not found.full and "right-never-seen" not in accepted:
            words = f"nobody had the right {key!r} ({right_as_sent(pair)}) in {people:,} requests of people{nearest(pair, found.rights)}"
            yield Finding(source.at(("rights", key)), "right-never-seen", words)
    listed = catalogue(source)
    names = {name for name, _ in listed}
    for pair, count in sorted(found.rights.items(), key=lambda each: (-each[1], right_as_sent(each[0]))):
        if pair[0] in names and pair not in listed:
            words = (
                f"`catalogue:` lacks {right_as_sent(pair)}, which people had in {count:,} requests: add it"
            )
            yield Finding(source.at(("catalogue", pair[0])), "catalogue-incomplete", words)


def uncovered(found: Evidence, *, days: int) -> Iterator[str]:
    """Why nothing is said about the rules of an environment whose records are too few."""
    for name, seen in found.environments.items():
        covered = (seen.last - seen.first) / _DAY
        if covered < days:
            yield f"{name}: the records cover {covered:.1f} days; which rules nothing hits is only said from {days} days on"


def _never_hit(source: Source, name: str, seen: Seen) -> Iterator[Finding]:
    changed = (
        f"; the present rules are in them since {_day(seen.since)}"
        if seen.since and seen.since - seen.first >= _DAY
        else "; the present rules are not in them yet"
        if not seen.since
        else ""
    )
    for rule in source.config.rules[name].rules:
        if rule.id not in seen.hits and "never-hit" not in rule.accepts:
            words = (
                f"rule {rule.id!r} decided none of {seen.requests:,} requests of {name} from {_day(seen.first)} to"
                f" {_day(seen.last)}{changed}: is its path as the register writes it?"
            )
            yield Finding(rule.at, "never-hit", words)


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, BRUSSELS):%Y-%m-%d}"
