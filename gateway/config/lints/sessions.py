"""Session lifetimes that limit nothing, or far less than usual, and rules that ask for bound sessions where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.analysis.lint import Finding
from gateway.config.load import Source
from gateway.config.positions import Place
from gateway.policy.ruleset import walk

_DAY: Final = 86_400.0


def sessions(source: Source, name: str) -> Iterator[Finding]:
    """The findings about `session:` of one environment."""
    settings = source.config.environments[name].session
    place: Place = ("environments", name, "session")
    if settings.max_lifetime > _DAY:
        words = "a session of more than a day outlives every evening: whoever finds the machine open goes on; write 10h"
        yield Finding(source.at((*place, "max_lifetime")), "long-session", words)
    if settings.idle_timeout > settings.max_lifetime:
        words = "`idle_timeout` is longer than `max_lifetime`, so it never ends a session: write the shorter time here"
        yield Finding(source.at((*place, "idle_timeout")), "long-session", words)
    if settings.recheck == 0.0 or settings.recheck >= settings.max_lifetime:
        words = "ACM is never asked again during a session: who loses a right keeps it until the session ends; write `recheck: 15m`"
        yield Finding(source.at((*place, "recheck")), "never-rechecked", words)
    if settings.bound is None:
        yield from _never_bound(source, name)


def _never_bound(source: Source, name: str) -> Iterator[Finding]:
    """Rules that ask for a key that no browser is offered to bind its session to."""
    for rule in source.config.rules[name].every:
        asks = any(
            known.bindings for each in walk(rule.require) if (known := each.distinctions()) is not None
        )
        if asks and "bound-never" not in rule.accepts:
            words = (
                f"rule {rule.id!r} asks for a bound session, and this environment has none: write `bound: {{}}` under its"
                " `session:`, or leave `bound` out of the rule"
            )
            yield Finding(rule.at, "bound-never", words)
