"""Decision points that cannot tell who asks them, or whose answers count for long after they changed their mind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from gateway.analysis.lint import Finding
from gateway.config.load import Source
from gateway.policy.ruleset import Rule, walk

_LONG: Final = 300.0


def decision_points(source: Source, name: str) -> Iterator[Finding]:
    """The findings about the policies of one environment that ask by AuthZEN."""
    for rule in source.config.rules[name].every:
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


def _unless_accepted(rule: Rule, code: str, words: str) -> Iterator[Finding]:
    if code not in rule.accepts:
        yield Finding(rule.at, code, words)
