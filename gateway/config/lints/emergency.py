"""Emergency rules that would give nobody anything, and those that would break an invariant, once they are open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.analysis.diff import Side, compare
from gateway.analysis.lint import Finding, unreachable
from gateway.analysis.suite import run
from gateway.config.load import Source
from gateway.policy.ruleset import with_emergencies


def emergencies(source: Source, name: str, hosts: Sequence[str]) -> Iterator[Finding]:
    """The findings about the emergency rules of one environment, each opened by itself."""
    rules, suite = source.config.rules[name], source.config.suites[name]
    for rule in rules.declared:
        if rule.emergency is None:
            continue
        opened = with_emergencies(rules, {rule.id: "asked"})
        if rule.id in unreachable(opened, hosts):
            words = (
                f"opening the emergency rule {rule.id!r} changes nothing: earlier rules decide all that it matches; put it"
                " before them"
            )
            yield Finding(rule.at, "emergency-without-effect", words)
        elif not any(
            change.gains or change.inexact
            for change in compare(Side(rules, hosts[0]), Side(opened, hosts[0]))
        ):
            words = (
                f"opening the emergency rule {rule.id!r} changes nothing: whom it lets in, the rules after it let in too; ask less"
                " there, or give it another path"
            )
            yield Finding(rule.at, "emergency-without-effect", words)
        if "emergency-breaks-never" in rule.accepts:
            continue
        held = {each.title for each in run(rules, suite) if each.failure is None}
        for each in run(opened, suite):
            if each.kind == "never" and each.failure is not None and each.title in held:
                words = (
                    f"while the emergency rule {rule.id!r} is open, never {each.title!r} does not hold: {each.failure};"
                    " accept it here if that is meant"
                )
                yield Finding(rule.at, "emergency-breaks-never", words)
