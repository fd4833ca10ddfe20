"""Which ways to log in would help: read from what is missing, for whoever begins a login.

It decides nothing about access; it knows nothing of logins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.model import Alternatives, DecisionInput, Identity, Missing
from gateway.policy.evaluate import decide
from gateway.policy.ruleset import RuleSet

_SOMEBODY = Identity(issuer="", subject="")


def means_that_help(alternatives: Alternatives) -> tuple[str, ...]:
    """The ways to log in (URNs) of which one alone would give access; none where that takes more, or nothing helps."""
    return _any_of(
        [
            alternative
            for alternative in alternatives
            if alternative and all(missing.remedy == "step_up" for missing in alternative)
        ]
    )


def means_for_login(rules: RuleSet, given: DecisionInput) -> tuple[str, ...]:
    """The ways to log in of which one is needed for this request, whatever else is; none where any would do.

    Found by asking what somebody who has just logged in, without any right, would still need.
    """
    decision = decide(rules, replace(given, identity=_SOMEBODY))
    if decision.allowed or decision.error is not None:
        return ()
    if not all(
        any(missing.remedy == "step_up" for missing in alternative) for alternative in decision.alternatives
    ):
        return ()
    return _any_of(decision.alternatives)


def _any_of(alternatives: Sequence[Sequence[Missing]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(urn for alternative in alternatives for urn in _together(alternative)))


def _together(alternative: Sequence[Missing]) -> tuple[str, ...]:
    """What satisfies each thing of a way that a stronger login would give."""
    asked = [missing.acr_values for missing in alternative if missing.remedy == "step_up"]
    first, *others = asked or [()]
    return tuple(urn for urn in first if all(urn in other for other in others))
