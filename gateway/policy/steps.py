"""What the steps of a plan do to a request: the same request, as it will be judged afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from gateway.model import DecisionInput, Identity, Organisation, Right
from gateway.plan import Grant, LogIn, Plan, Step, Switch, Wait
from gateway.plugin import Policy
from gateway.policy.evaluate import facts_for
from gateway.policy.ruleset import Rule

# Stands for any organisation that no rule names.
UNNAMED: Final = Organisation("?")
# Nobody knows who logs in: somebody without any right.
SOMEBODY: Final = Identity(issuer="", subject="", organisation=UNNAMED, bound=True)


def same_kind(code: str, other: str) -> bool:
    """Whether two codes are of one kind, such as two KBO numbers: then their organisations share a doelgroep."""
    return code.isdigit() == other.isdigit()


class Steps:
    """Takes steps from one request, which this rule decides.

    `doelgroepen` are those that the rule distinguishes: where a step leaves the doelgroep open, it may be any of them.
    """

    def __init__(self, rule: Rule, decision_input: DecisionInput, doelgroepen: Sequence[str]) -> None:
        self._rule = rule
        self._start = decision_input
        self._doelgroepen = doelgroepen
        self._asked = frozenset(self._questions(decision_input)) if rule.asking else frozenset()

    def inputs(self, plan: Plan) -> tuple[DecisionInput, ...]:
        """What the request may be after this plan: it helps where each of them is allowed."""
        found: tuple[DecisionInput, ...] = (self._start,)
        for step in plan:
            found = tuple(after for each in found for after in self._after(each, step))
        return tuple(map(self._with_answers, found)) if self._rule.asking else found

    def _after(self, there: DecisionInput, step: Step) -> Iterator[DecisionInput]:
        identity = there.identity
        match step:
            case Wait(until):
                yield there._replace(now=until)
            case LogIn(acr_values):
                person = replace(identity or SOMEBODY, authenticated_at=there.now)
                for acr in acr_values or (person.acr,):
                    yield there._replace(identity=replace(person, acr=acr))
            case Grant(right, context, organisation) if identity is not None:
                granted = Right(right, context, UNNAMED.code if organisation is None else organisation)
                yield there._replace(identity=replace(identity, rights=(*identity.rights, granted)))
            case Switch() if identity is not None:
                for doelgroep in self._doelgroepen_after(identity, step):
                    acting = Organisation(step.organisation) if step.organisation is not None else UNNAMED
                    yield there._replace(identity=replace(identity, organisation=acting, doelgroep=doelgroep))

    def _doelgroepen_after(self, identity: Identity, step: Switch) -> tuple[str | None, ...]:
        if step.doelgroep is not None:
            return (step.doelgroep,)
        here = identity.organisation
        if step.organisation is None or (here is not None and same_kind(here.code, step.organisation)):
            return (identity.doelgroep,)
        return (None, *self._doelgroepen)

    def _with_answers(self, there: DecisionInput) -> DecisionInput:
        """With what fact sources answer then; a question that nobody asked gets the most favourable answer."""
        answers: dict[str, Any] = dict(there.facts)
        before, then = facts_for(self._rule, self._start), facts_for(self._rule, there)
        for name, policy in self._questions(there).items():
            if name in there.facts:
                answers[name] = policy.after_steps(there.facts[name], before, then)
            elif name not in self._asked:
                known = policy.distinctions()
                for each, answer in reversed(known.sources if known is not None else ()):
                    if each == name:
                        answers[name] = answer
        return there._replace(facts=answers)

    def _questions(self, there: DecisionInput) -> dict[str, Policy]:
        facts = facts_for(self._rule, there)
        found: dict[str, Policy] = {}
        for policy in self._rule.asking:
            try:
                question = policy.question(facts)
            except BaseException:  # noqa: BLE001, S112 - it raises in the decision too, where it is reported
                continue
            if question is not None:
                found[question.name] = policy
        return found
