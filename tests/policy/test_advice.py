"""Advice after a denial: every plan that is shown leads to access, and none is missed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, combinations
from typing import Any, NamedTuple

import pytest

from gateway.model import Decision, DecisionInput, Identity, Organisation, Right
from gateway.plan import Advice, Grant, LogIn, Plan, Step, Switch, Wait
from gateway.policy.advice import MOST_DECISIONS, advise, advise_by
from gateway.policy.evaluate import decide, facts_for, questions
from gateway.policy.ruleset import RuleSet, walk
from tests.policy.conftest import given, person, rule_set
from tests.policy.generated import CODES, DOELGROEPEN, MEANS, NOON, RIGHTS, Refused, refused

# By hand many more: see CONTRIBUTING.md.
RULE_SETS = int(os.environ.get("ADVICE_RULE_SETS", "400"))
FIRST = int(os.environ.get("ADVICE_FIRST", "0"))
# UTC: midnight, 9, 10, 15 and 17 o'clock in Brussels in winter.
LATER_HOURS = (23, 8, 9, 14, 16)
# An organisation, and a doelgroep, of which nothing is known.
OPEN, UNKNOWN = "an organisation that no rule names", "a doelgroep that nobody knows"


class State(NamedTuple):
    """A request, as far as steps change it."""

    organisation: str | None
    doelgroep: str | None
    rights: frozenset[tuple[str, str | None, str]]
    acr: str | None
    now: float
    logged_in: bool = True


class Judged:
    """Decides what a request is after some steps, without the code under test."""

    def __init__(self, case: Refused) -> None:
        self.case = case
        asked, person = case.asked, case.asked.identity
        self.start = (
            State(
                person.organisation.code if person.organisation else None,
                person.doelgroep,
                frozenset((each.name, each.context, each.organisation) for each in person.rights),
                person.acr,
                asked.now,
            )
            if person is not None
            else State(None, None, frozenset(), None, asked.now, logged_in=False)
        )
        self.text = str([policy.to_data() for policy in case.rule.require])
        self.named = [code for code in CODES if code in self.text or code in str(asked.doubt) + asked.path]
        self._asked = {each.name for each in questions(case.rules, asked)}
        self._allowed: dict[State, bool] = {}

    def allows(self, state: State) -> bool:
        state = self._alike(state)
        if state not in self._allowed:
            groups = (None, *DOELGROEPEN) if state.doelgroep == UNKNOWN else (state.doelgroep,)
            inputs = [self._input(state._replace(doelgroep=each)) for each in groups]
            self._allowed[state] = all(decide(self.case.rules, each).allowed for each in inputs)
        return self._allowed[state]

    def _alike(self, state: State) -> State:
        """One state for all that no shipped policy tells apart: an organisation counts by its code and its own rights."""
        code = state.organisation
        rights = frozenset((*each[:2], "") for each in state.rights if each[2] == code)
        if code is not None and code not in self.named:
            code = OPEN
        return state._replace(organisation=code, rights=rights)

    def _input(self, state: State) -> DecisionInput:
        asked, person = self.case.asked, self.case.asked.identity
        identity = None
        if state.logged_in:
            identity = Identity(
                issuer=person.issuer if person else "i",
                subject=person.subject if person else "s",
                organisation=Organisation(state.organisation) if state.organisation is not None else None,
                doelgroep=state.doelgroep,
                rights=tuple(
                    Right(name, context, state.organisation or "") for name, context, _ in state.rights
                ),
                acr=state.acr,
                claims=person.claims if person else {},
            )
        there = asked._replace(identity=identity, now=state.now)
        return there._replace(facts=self._facts(there)) if self.case.rules.asks_sources else there

    def _facts(self, there: DecisionInput) -> dict[str, Any]:
        facts = {}
        for question in questions(self.case.rules, there):
            name = question.name
            known = self.case.asked.facts.get(name)
            if known is None and name not in self._asked:
                facts[name] = {"within": True, "allow": True}
            elif known is not None:
                over = known.get("within") is False and there.now >= known["again"]
                facts[name] = {"within": True} if over else known
        return facts


def take(state: State, step: Step) -> list[State]:
    """Where a step may lead, by what `gateway.plan` says about it."""
    if isinstance(step, Wait):
        return [state._replace(now=step.until)]
    if isinstance(step, LogIn):
        if not state.logged_in:
            state = state._replace(logged_in=True, organisation=OPEN)
        return [state._replace(acr=acr) for acr in step.acr_values] or [state]
    assert state.logged_in
    if isinstance(step, Grant):
        code = OPEN if step.organisation is None else step.organisation
        return [state._replace(rights=state.rights | {(step.right, step.context, code)})]
    code = OPEN if step.organisation is None else step.organisation
    here = state.organisation
    alike = here is not None and here.isdigit() == code.isdigit()
    if step.doelgroep is not None:
        doelgroep: str | None = step.doelgroep
    else:
        doelgroep = state.doelgroep if step.organisation is None or alike else UNKNOWN
    return [state._replace(organisation=code, doelgroep=doelgroep)]


def after(state: State, plan: Plan) -> list[State]:
    states = [state]
    for step in plan:
        states = list(chain.from_iterable(take(each, step) for each in states))
    return states


def all_plans(judged: Judged, most: int) -> Iterator[Plan]:
    """Every plan of at most so many steps that could matter to the rule, each in one order of its steps."""
    case, text = judged.case, judged.text
    person = case.asked.identity
    here = judged.start.organisation
    rights = [RIGHTS[key] for key in RIGHTS if (RIGHTS[key][1] or "'right': 'OVAMGebruiker'") in text]
    groups = [each for each in DOELGROEPEN if each in text]
    useful = (each[2] for each in judged.start.rights if each[:2] in rights)
    codes = {*judged.named, *useful, None} - {here}
    switches = [Switch(code, group) for code in codes for group in (None, *groups)]
    known = [each.distinctions() for each in walk(case.rule.require)]
    logins = [LogIn((acr,)) for acr in dict.fromkeys(acr for each in known if each for acr in each.acrs)]
    waits = [Wait(moment) for moment in moments(case, text)]
    for switch in (None, *switches):
        code = switch.organisation if switch is not None else here
        grants = [Grant(*each, code, None) for each in rights]  # type: ignore[arg-type]
        for login in (LogIn() if person is None else None, *logins):
            for wait in (None, *waits):
                steps = [each for each in (login, switch, wait) if each is not None]
                for number in range(most - len(steps) + 1):
                    for granted in combinations(grants, number):
                        yield (*steps[:1], *granted, *steps[1:]) if login is not None else (*granted, *steps)


def moments(case: Refused, text: str) -> Iterator[float]:
    """A moment for each way in which the schedules and limits of the rule can turn out, in the weeks to come."""
    if "schedule" not in text and "rate" not in text:
        return
    clocked = [each for each in walk(case.rule.require) if each.policy_name in ("schedule", "rate")]
    again = [each["again"] for each in case.asked.facts.values() if each.get("again")]
    seen: set[tuple[str, ...]] = set()
    # Every hour of a week, and of the month after it the hours at which something generated may change.
    start = case.asked.now - case.asked.now % 3_600.0
    every = (start + 3_600.0 * each for each in range(1, 24 * 42))
    hours = [each for each in every if each < start + 8 * 86_400.0 or each // 3_600 % 24 in LATER_HOURS]
    for moment in sorted([case.asked.now, *again, *hours]):
        if moment < case.asked.now:
            continue
        there = case.asked._replace(now=moment)
        facts = facts_for(case.rule, there)
        over = {
            name: {"within": True}
            for name, each in there.facts.items()
            if each.get("again", moment + 1) <= moment
        }
        facts = facts._replace(sources={**facts.sources, **over})
        verdict = tuple(type(policy.decide(facts)).__name__ for policy in clocked)
        if verdict not in seen:
            seen.add(verdict)
            if moment > case.asked.now:
                yield moment


def found_by_force(judged: Judged, most: int) -> Plan | None:
    """Any plan of at most so many steps that leads to access."""
    for plan in all_plans(judged, most):
        if plan and all(judged.allows(state) for state in after(judged.start, plan)):
            return plan
    return None


def bare(plan: Plan) -> set[Any]:
    return {
        (step.right, step.context, step.organisation) if isinstance(step, Grant) else step for step in plan
    }


def check(case: Refused) -> Advice:
    advice = advise(case.rules, case.asked, case.decision)
    judged = Judged(case)
    person = case.asked.identity
    for plan in advice.plans:
        assert all(judged.allows(state) for state in after(judged.start, plan)), plan
        assert not any(bare(each) < bare(plan) for each in advice.plans), plan
        for step in plan:
            if isinstance(step, Switch) and person is not None:
                assert person.organisation is None or step.organisation != person.organisation.code
                held = {each.organisation for each in person.rights}
                assert not step.known or step.organisation in held
            if isinstance(step, LogIn) and person is not None:
                assert person.acr not in step.acr_values
            if isinstance(step, Wait):
                assert step.until > case.asked.now
    assert not (advice.plans and advice.obstacles)
    shortest = min((len(plan) for plan in advice.plans), default=4)
    missed = found_by_force(judged, shortest - 1)
    assert missed is None, missed
    return advice


EID, ITSME, PASSWORD = MEANS
A, B, OVAM = CODES
INDIENER, LEZER = RIGHTS["indiener"], RIGHTS["lezer"]
OWN_FILES = rule_set(
    ("own", "/o/{kbo}", [{"right": {"right": "indiener"}}, {"organisation": {"equals": "{kbo}"}}])
)
READERS = rule_set(("gid", "/", [{"organisation": {"doelgroep": ["GID"]}}, {"right": {"right": "lezer"}}]))


def advised(rules: RuleSet, asked: DecisionInput) -> list[list[Any]]:
    advice = advise(rules, asked, decide(rules, asked))
    return [
        [(step.context, step.organisation) if isinstance(step, Grant) else step for step in plan]
        for plan in advice.plans
    ]


def test_the_right_is_for_the_organisation_that_the_plan_switches_to() -> None:
    asked = given(f"/o/{B}", identity=person(organisation=A, doelgroep="EA"))
    assert advised(OWN_FILES, asked) == [[("Indiener", B), Switch(B)]]
    holder = person((*INDIENER, B), organisation=A, doelgroep="EA")
    assert advised(OWN_FILES, asked._replace(identity=holder)) == [[Switch(B, known=True)]]


def test_a_right_in_another_doelgroep_is_for_an_organisation_there() -> None:
    asked = given(identity=person(organisation=A, doelgroep="EA"))
    assert advised(READERS, asked) == [[("Lezer", None), Switch(None, "GID")]]
    # Somebody who holds it where it does not help.
    asked = given(identity=person((*LEZER, A), organisation=A, doelgroep="EA"))
    assert advised(READERS, asked) == [[("Lezer", None), Switch(None, "GID")]]
    # And where it does: the organisation is known.
    asked = given(identity=person((*LEZER, OVAM), organisation=A, doelgroep="EA"))
    assert advised(READERS, asked) == [[Switch(OVAM, "GID", known=True)]]


def test_only_means_that_are_enough() -> None:
    rules = rule_set(
        ("eid", "/eid", [{"assurance": {"any_of": ["eid"]}}]),
        ("both", "/both", [{"assurance": {"level": 20}}, {"not": {"assurance": {"any_of": ["itsme"]}}}]),
    )
    used_itsme = person(acr=ITSME)
    assert advised(rules, given("/eid", identity=used_itsme)) == [[LogIn((EID,))]]
    assert advised(rules, given("/both", identity=used_itsme)) == [[LogIn((EID,))]]
    assert advised(rules, given("/both", identity=person(acr=PASSWORD))) == [[LogIn((EID,))]]


def test_somebody_with_one_organisation_is_only_asked_about_another() -> None:
    rules = rule_set(("other", "/", [{"not": {"organisation": {"any_of": [A]}}}]))
    assert advised(rules, given(identity=person(organisation=A))) == [[Switch()]]


def test_waiting_helps_only_where_it_is_enough() -> None:
    hours = {"schedule": {"hours": {"mon-fri": "08:00-18:00"}}}
    rules = rule_set(
        ("hours", "/hours", [hours]),
        ("both", "/both", [hours, {"right": {"right": "indiener"}}]),
        ("never", "/never", [hours, {"not": hours}]),
        ("over", "/over", [{"schedule": {"until": "2026-10-31"}}]),
    )
    saturday = NOON + 86_400.0
    monday = NOON + 3 * 86_400.0 - 4 * 3_600.0
    who = person(organisation=A)
    assert advised(rules, given("/hours", identity=who, now=saturday)) == [[Wait(monday)]]
    assert advised(rules, given("/both", identity=who, now=saturday)) == [[("Indiener", A), Wait(monday)]]
    assert advised(rules, given("/never", identity=who, now=saturday)) == []
    over = given("/over", identity=who, now=saturday)
    (obstacle,) = advise(rules, over, decide(rules, over)).obstacles
    assert (obstacle.kind, obstacle.detail) == ("time", "2026-10-31")


def test_a_limit_has_room_again() -> None:
    rules = rule_set(("rate", "/", [{"rate": {"limit": 1, "window": "60s"}}, "authenticated"]))
    facts = {"rate:tried:subject:1/60s": {"within": False, "again": NOON + 30.2}}
    asked = given(identity=person(), now=NOON)._replace(facts=facts)
    assert advised(rules, asked) == [[Wait(NOON + 31.0)]]


def test_what_no_step_changes() -> None:
    rules = rule_set(
        (
            "r",
            "/",
            [
                {"network": ["10.0.0.0/8"]},
                {"claim": {"name": "c", "equals": "v"}},
                {"right": {"right": "lezer"}},
            ],
        )
    )
    asked = given(identity=person())
    advice = advise(rules, asked, decide(rules, asked))
    assert [each.kind for each in advice.obstacles] == ["network", "claim"]
    assert advice.plans == ()


def test_api_clients_and_answers_that_are_no_denial_get_no_advice() -> None:
    for asked in (
        given(f"/o/{A}", identity=person(kind="machine")),
        given(f"/o/{A}", identity=person((*INDIENER, A), organisation=A)),
        given("/nowhere", identity=person()),
        given(f"/o/{A}", identity=person(), websocket=True),
    ):
        assert advise(OWN_FILES, asked, decide(OWN_FILES, asked)) == Advice()


def test_more_rights_than_are_tried_one_by_one() -> None:
    both = [{"right": {"right": key}} for key in RIGHTS]
    rules = rule_set(("r", "/", [*both, {"assurance": {"any_of": ["eid"]}}]))
    (plan,) = advised(rules, given(identity=person(organisation=A, acr=ITSME)))
    assert plan == [("Indiener", A), ("Lezer", A), (None, A), LogIn((EID,))]


def test_the_work_is_bounded() -> None:
    class Counting:
        decisions = 0

        def __call__(self, there: DecisionInput) -> Decision:
            self.decisions += 1
            return Decision(False, "r", "never")

    names = [f"x{number}" for number in range(40)]
    many = [{"organisation": {"any_of": names}}, {"any": [{"right": {"right": key}} for key in RIGHTS]}]
    rules = rule_set(("r", "/", [*many, {"assurance": {"level": 20}}]))
    counting = Counting()
    rights = [(*INDIENER, f"{number:010}") for number in range(2_000)]
    asked = given(identity=person(*rights, organisation=A))
    assert advise_by(rules.rules[0], rules, asked, decide(rules, asked), counting) == Advice()
    assert counting.decisions <= MOST_DECISIONS + 1


def test_many_policies_and_many_rights_keep_nobody_waiting() -> None:
    class Demands:
        policies = 0

        def __call__(self, there: DecisionInput) -> Decision:
            self.policies += len(list(walk(rule.require)))
            return decide(rules, there)

    names = [f"{number:010}" for number in range(40)]
    several = [
        {
            "all": [
                {"right": {"right": key}},
                {"organisation": {"any_of": names}},
                {"assurance": {"level": 20}},
            ]
        }
        for key in RIGHTS
    ]
    rules = rule_set(("r", "/", [{"any": several}] * 8))
    (rule,) = rules.rules
    plans = list[int]()
    for held in (0, 2_000):
        asked, judge = given(identity=person(*[("other", "X", A)] * held, organisation=A)), Demands()
        plans.append(len(advise_by(rule, rules, asked, decide(rules, asked), judge).plans))
        assert judge.policies <= (10_000 if not held else 26 * len(list(walk(rule.require))))
    assert plans[0], "what is missing suggests a plan, also where there is too much to try"


def test_generated() -> None:
    advised = 0
    for seed in range(FIRST, FIRST + RULE_SETS):
        case = refused(seed)
        if case is None:
            continue
        try:
            advised += bool(check(case).plans)
        except AssertionError as problem:
            rules = [rule.to_dict() for rule in case.rules.rules]
            pytest.fail(f"seed {seed}: {problem}\n{case.asked}\n{rules}")
    assert advised >= RULE_SETS // 10
