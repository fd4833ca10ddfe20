"""Decision engines that rules ask: those that cannot tell who asks, whose answers are kept for long, or share a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from gateway.analysis.lint import Finding
from gateway.config.load import Source
from gateway.policy.ruleset import Rule, walk

_LONG: Final = 300.0


def decision_points(source: Source, name: str) -> Iterator[Finding]:
    """The findings about the policies of one environment that ask engines."""
    for rule in source.config.rules[name].every:
        yield from _same_names(rule)
        asking: list[Any] = [
            each for each in walk(rule.require) if getattr(each, "protocol", "") == "authzen"
        ]
        for each in asking:
            if each.url.startswith("https:") and each.token is None and each.certificate is None:
                words = (
                    f"rule {rule.id!r} asks {each.url} without a credential: anybody who reaches it can ask what"
                    " people may do; give `token`, or `certificate` and `key`"
                )
                yield from _unless_accepted(rule, "pdp-without-credential", words)
            if each.fresh > _LONG:
                words = (
                    f"rule {rule.id!r} uses answers of {each.url} again for {each.fresh:.0f} s: whom it refuses from now"
                    " on gets in for so long; at most 5m is usual"
                )
                yield from _unless_accepted(rule, "pdp-long-fresh", words)


def _same_names(rule: Rule) -> Iterator[Finding]:
    """Two different questions under one name get no answer: the one's must not pass for the other's."""
    first: dict[str, Any] = {}
    every: list[Any] = [each for each in walk(rule.require) if each.fact_source() is not None]
    asking = [each for each in every if hasattr(each, "name")]
    twice = [each.name for each in asking if first.setdefault(each.name, each).to_data() != each.to_data()]
    for answer in dict.fromkeys(twice):
        words = (
            f"rule {rule.id!r} asks different questions under the name {answer!r}: none of them gets an answer, and it lets in"
            " nobody; give each its own `name`"
        )
        yield from _unless_accepted(rule, "same-answer-name", words)


def _unless_accepted(rule: Rule, code: str, words: str) -> Iterator[Finding]:
    if code not in rule.accepts:
        yield Finding(rule.at, code, words)
