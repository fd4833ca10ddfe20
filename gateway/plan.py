"""Ways out of a denial: the steps that a person, or an administrator, can take, and what nobody can change.

`RuleAccess` says what a rule decides for a person, with what helps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.model import NOTHING, Decision, Missing


@dataclass(frozen=True, slots=True)
class LogIn:
    """Log in; where `acr_values` (URNs) is not empty, by one of these authentication methods, each of which is enough.

    Nobody knows what somebody who is not logged in will turn out to hold: they count as a person without rights, for
    an organisation that no rule names.
    """

    acr_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """An administrator grants this right for the organisation with this code.

    `organisation` is None for the one that the plan switches to where that stays open, or that somebody logs in for.
    `missing` has the right's name for people, who grants it, and how to reach them.
    """

    right: str
    context: str | None
    organisation: str | None
    missing: Missing


@dataclass(frozen=True, slots=True)
class Switch:
    """Act for another organisation (its code), within a doelgroep.

    Without `organisation`, any other one within the doelgroep will do that no rule names. Without `doelgroep`, that of
    the organisation will do. `known`: the person is known to work for it; otherwise it is a question, not advice.
    """

    organisation: str | None = None
    doelgroep: str | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Come back at this moment, in seconds since the epoch."""

    until: float


Step = LogIn | Grant | Switch | Wait
# Steps in the order in which they are taken; after the last one the request is allowed.
Plan = tuple[Step, ...]


def told_in_order(plan: Plan) -> Plan:
    """The steps as people are told them: a switch that nobody knows to be possible first, as the others are for after it."""
    if any(isinstance(step, Switch) and not step.known for step in plan):
        return tuple(sorted(plan, key=lambda step: not isinstance(step, Switch)))
    return plan


@dataclass(frozen=True, slots=True)
class Advice:
    """What helps after a denial. `plans`: each is proven to lead to access, the shortest first.

    `obstacles` are things in the way that no step changes, such as the network or a profile; they are filled only
    where there is no plan.
    """

    plans: tuple[Plan, ...] = ()
    obstacles: tuple[Missing, ...] = ()


NO_ADVICE = Advice()


@dataclass(frozen=True, slots=True)
class RuleAccess:
    """One rule and one person: what it is about and what it would decide for them.

    `path` is the pattern, with the person's own codes filled in if it is open for those alone; `methods` is empty
    for all methods; `label` is its name for people. `until` is when access ends, if that is soon; `checked_again`
    is true if something else, such as a rate limit, is checked at every request. `advice` is what helps where it is
    denied.
    """

    rule: str
    path: str
    decision: Decision
    methods: tuple[str, ...] = ()
    label: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    until: float | None = None
    checked_again: bool = False
    advice: Advice = NO_ADVICE


@dataclass(frozen=True, slots=True)
class LoginAgain:
    """How a login that failed can begin again: as before, with one more attempt.

    `target` is None where the page to come back to is not known any more. `rounds` counts the logins that came right
    before it.
    """

    target: str | None = None
    acr_values: tuple[str, ...] = ()
    hint: str | None = None
    attempt: int = 0
    rounds: int = 0
