"""Which authentication methods (acr values) to request from the provider at login."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model import DecisionInput, Identity, Missing
from gateway.plan import Advice, LogIn
from gateway.policy.evaluate import decide
from gateway.policy.ruleset import RuleSet

# A browser that logs in may bind its session: whether it does shows afterwards.
_SOMEBODY = Identity(issuer="", subject="", bound=True)


def methods_that_help(advice: Advice) -> tuple[str, ...]:
    """The acr values that each give access without anything else; empty where there are none."""
    alone = (plan[0] for plan in advice.plans if len(plan) == 1)
    return tuple(acr for step in alone if isinstance(step, LogIn) for acr in step.acr_values)


def methods_for_login(rules: RuleSet, decision_input: DecisionInput) -> tuple[str, ...]:
    """The acr values of which this request needs one, whatever else it needs; empty where any method will do.

    Found by deciding the request for a person who has just logged in, without any right.
    """
    decision = decide(rules, decision_input._replace(identity=_SOMEBODY))
    if decision.allowed or decision.error is not None:
        return ()
    if not all(
        any(missing.remedy == "step_up" for missing in alternative) for alternative in decision.alternatives
    ):
        return ()
    found = (acr for alternative in decision.alternatives for acr in _common(alternative))
    return tuple(dict.fromkeys(found))


def _common(alternative: Sequence[Missing]) -> tuple[str, ...]:
    """The acr values that satisfy every step-up in this alternative."""
    asked = [missing.acr_values for missing in alternative if missing.remedy == "step_up"]
    first, *others = asked or [()]
    return tuple(urn for urn in first if all(urn in other for other in others))
