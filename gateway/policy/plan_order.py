"""Which plans are worth showing beside others, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.plan import Grant, LogIn, Plan, Step, Switch, Wait


def plan_covers(plan: Plan, other: Plan) -> bool:
    """Whether nobody would choose the other plan: whatever this one asks, the other one asks too, or more."""
    return all(any(_asks_less(step, each) for each in other) for step in plan)


def _asks_less(step: Step, other: Step) -> bool:
    """Whether a step is the same as the other, or easier."""
    match step, other:
        case Grant(), Grant():
            return (step.right, step.context) == (other.right, other.context)
        case LogIn(), LogIn():
            return not step.acr_values or set(other.acr_values) <= set(step.acr_values)
        case Wait(), Wait():
            return step.until <= other.until
        case Switch(), Switch():
            return step == other or (not other.known and _surer(step, other))
        case _:
            return False


def _surer(step: Switch, other: Switch) -> bool:
    """Whether this switch is more likely to be possible than the other."""
    alike = step.doelgroep is None or step.doelgroep == other.doelgroep
    return step.known or (alike and step.organisation in (None, other.organisation))


def minimal_plans(plans: Sequence[Plan], most: int) -> tuple[Plan, ...]:
    """The plans that no other one covers, those with the fewest and easiest steps first."""
    kept: list[Plan] = []
    for plan in sorted(plans, key=_cost):
        if not any(plan_covers(each, plan) for each in kept):
            kept.append(plan)
    return tuple(kept[:most])


def _cost(plan: Plan) -> tuple[int, int]:
    return len(plan), sum(map(_effort, plan))


def _effort(step: Step) -> int:
    match step:
        case Switch(known=True):
            return 0
        case LogIn():
            return 1
        case Wait():
            return 3
        case Grant():
            return 4
        case _:
            # Nobody knows whether this person may act for that organisation at all.
            return 5
