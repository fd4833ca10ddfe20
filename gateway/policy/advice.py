"""What helps after a denial: plans, each of which is proven by deciding the request again as it will be then."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, combinations
from typing import Final

from gateway.model import Allow, Alternatives, Decision, DecisionInput, Identity, Missing
from gateway.plan import Advice, Grant, LogIn, Plan, Step, Switch, Wait
from gateway.plugin import Distinctions
from gateway.policy.choices import Pair, demands_of, switches, waits
from gateway.policy.evaluate import NO_WEBSOCKET, decide, decide_by, facts_for
from gateway.policy.plan_order import minimal_plans, plan_covers
from gateway.policy.ruleset import Rule, RuleSet, templates, walk
from gateway.policy.steps import SOMEBODY, UNNAMED, Steps

MOST_PLANS: Final = 8
# All plans of up to this many steps are tried; longer ones only where what is missing leads to them.
_ALL: Final = 3
# How often a request is decided at most for one piece of advice; less often where each decision takes long.
MOST_DECISIONS: Final = 300
_FEWEST_DECISIONS: Final = 24
# How often one policy is asked at most; one that looks through many rights counts more than once.
_MOST_ASKED: Final = 9_000
_RIGHTS_AT_ONCE: Final = 64
_KEPT_BACK: Final = 5
_NOT_TRIED: Final = Decision(allowed=False, rule=None, reason="not-tried")


def advise(rules: RuleSet, decision_input: DecisionInput, decision: Decision) -> Advice:
    """What would help after this denial by these rules. API clients get no plans: what they lack are scopes."""
    rule = next((each for each in rules.rules if each.id == decision.rule), None)
    if rule is None:
        return Advice()
    return advise_by(rule, rules, decision_input, decision, partial(decide, rules))


def advise_by(
    rule: Rule,
    rules: RuleSet,
    decision_input: DecisionInput,
    decision: Decision,
    judge: Callable[[DecisionInput], Decision] | None = None,
) -> Advice:
    """The same where this rule decides, whichever rules stand before it."""
    identity = decision_input.identity
    if decision.destination is not None or decision.error is not None or decision.reason == NO_WEBSOCKET:
        return Advice()
    if identity is not None and identity.kind == "machine":
        return Advice()
    search = _Search(rule, rules, decision_input, judge or partial(decide_by, rule))
    plans = search.plans()
    return Advice(plans) if plans else Advice(obstacles=search.obstacles)


@dataclass(frozen=True, slots=True)
class _Choice:
    """Some of what could be changed, to be tried together. `acr` is the method of a new login, "" for any."""

    grants: frozenset[Pair] = frozenset()
    switch: Switch | None = None
    acr: str | None = None
    wait: Wait | None = None


class _Search:
    """Tries what could be changed about one request, few steps first."""

    def __init__(
        self,
        rule: Rule,
        rules: RuleSet,
        decision_input: DecisionInput,
        judge: Callable[[DecisionInput], Decision],
    ) -> None:
        self._judge = judge
        self._arrives = decision_input.identity is None
        (start,) = Steps(rule, decision_input, ()).inputs((LogIn(),) if self._arrives else ())
        self._person = start.identity or SOMEBODY
        alternatives = judge(start).alternatives
        demands = demands_of(rule, start, alternatives)
        self._steps = Steps(rule, decision_input, demands.doelgroepen)
        self._rights = _names(rules, alternatives, demands.rights)
        self._acrs = (
            *(acr for acr in demands.acrs if acr != self._person.acr),
            *([""] if demands.ages else []),
        )
        self._switches = switches(self._person, demands)
        self._against = _verdicts_against(rule, start)
        self._touch = _Touch(rule, self._against if decision_input.doubt is None else {})
        self._waits = waits(rule, self._steps, start, demands) if self._touch.possible else ()
        self._tried: dict[_Choice, bool] = {}
        self._left = _most_decisions(rule, self._person)
        # For what is missing itself suggests, where there is too much to try.
        self._kept_back = self._left // _KEPT_BACK

    @property
    def obstacles(self) -> tuple[Missing, ...]:
        """What is in the way and has no remedy."""
        found: list[Missing] = []
        for missing in chain.from_iterable(chain.from_iterable(self._against.values())):
            if (missing.remedy == "none" or missing.kind == "other") and missing not in found:
                found.append(missing)
        return tuple(found)

    def plans(self) -> tuple[Plan, ...]:
        """The plans that help, the shortest first."""
        found: list[Plan] = []
        if not self._touch.possible:
            return ()
        for size in range(1, _ALL + 1):
            self._take(self._of_size(size), found)
            if found and size > len(found[0]):
                break
        self._kept_back = 0
        if not found:
            self._take(map(self._reduced, filter(self._allows, self._hinted())), found)
        return minimal_plans(found, MOST_PLANS)

    def _take(self, choices: Iterable[_Choice], found: list[Plan]) -> None:
        for choice in choices:
            if self._left <= self._kept_back:
                return
            if self._is_covered(choice, found) or not self._allows(choice):
                continue
            enough = [choice.acr]
            if choice.acr:
                each_of = (replace(choice, acr=each) for each in self._acrs if each)
                enough = [
                    each.acr for each in each_of if not self._is_covered(each, found) and self._allows(each)
                ]
            found.append(self._plan(choice, enough))

    def _is_covered(self, choice: _Choice, found: Sequence[Plan]) -> bool:
        plan = self._plan(choice, [choice.acr])
        return any(plan_covers(each, plan) for each in found)

    def _of_size(self, size: int) -> Iterator[_Choice]:
        """All choices of this many steps that touch each policy that refuses."""
        for switch in (None, *self._switches):
            grantable = self._grantable(switch)
            for wait in (None, *self._waits):
                for acr in (None, *self._acrs):
                    logs_in = self._arrives or acr is not None
                    left = size - (switch is not None) - (wait is not None) - logs_in
                    touched = self._touch.by(switch=switch, wait=wait, acr=acr)
                    for grants in combinations(grantable, left) if left >= 0 else ():
                        if self._touch.all_of(touched, grants):
                            yield _Choice(frozenset(grants), switch, acr, wait)

    def _hinted(self) -> Iterator[_Choice]:
        """Choices of any size, as what is missing suggests them."""
        for switch in (None, *self._switches):
            there = self._steps.inputs(self._plan(_Choice(switch=switch), [None]))
            for alternative in self._decided(there[0]).alternatives:
                if any(
                    each.remedy == "none" or each.kind in ("organisation", "doelgroep")
                    for each in alternative
                ):
                    continue
                grants = frozenset((each.right, each.context) for each in alternative if each.right)
                needs_login = any(each.acr_values for each in alternative)
                needs_wait = any(each.remedy == "wait" for each in alternative)
                for acr in self._acrs if needs_login else (None,):
                    for wait in self._waits if needs_wait else (None,):
                        yield _Choice(grants, switch, acr, wait)

    def _reduced(self, choice: _Choice) -> _Choice:
        """Without what is not needed: a choice that is allowed."""
        smaller = [replace(choice, grants=choice.grants - {pair}) for pair in choice.grants]
        smaller += [
            replace(choice, switch=None),
            replace(choice, acr=None),
            replace(choice, wait=None),
        ]
        for each in smaller:
            if each != choice and self._allows(each):
                return self._reduced(each)
        return choice

    def _allows(self, choice: _Choice) -> bool:
        if choice not in self._tried:
            there = self._steps.inputs(self._plan(choice, [choice.acr]))
            self._tried[choice] = all(self._decided(each).destination is not None for each in there)
        return self._tried[choice]

    def _decided(self, there: DecisionInput) -> Decision:
        if self._left == 0:
            return _NOT_TRIED
        self._left -= 1
        return self._judge(there)

    def _grantable(self, switch: Switch | None) -> list[Pair]:
        code = self._code(switch)
        held = {(each.name, each.context) for each in self._person.rights if each.organisation == code}
        return [pair for pair in self._rights if pair not in held] if code is not None else []

    def _code(self, switch: Switch | None) -> str | None:
        """The organisation that is acted for then; None where there is none."""
        if switch is not None:
            return switch.organisation or UNNAMED.code
        return self._person.organisation.code if self._person.organisation is not None else None

    def _plan(self, choice: _Choice, acrs: Sequence[str | None]) -> Plan:
        code = self._code(choice.switch)
        organisation = None if code == UNNAMED.code else code
        steps: list[Step] = [
            Grant(*pair, organisation, replace(missing, organisation=organisation))
            for pair, missing in self._rights.items()
            if pair in choice.grants
        ]
        if choice.switch is not None:
            steps.append(choice.switch)
        if self._arrives or choice.acr is not None:
            login = LogIn(tuple(acr for acr in acrs if acr))
            steps.insert(0 if self._arrives else len(steps), login)
        return (*steps, choice.wait) if choice.wait is not None else tuple(steps)


def _most_decisions(rule: Rule, person: Identity) -> int:
    """How often to decide: a denial must not keep the other requests of the process waiting."""
    asked = sum(1 for _ in walk(rule.require)) * (1 + len(person.rights) // _RIGHTS_AT_ONCE)
    return max(_FEWEST_DECISIONS, min(MOST_DECISIONS, _MOST_ASKED // max(1, asked)))


class _Touch:
    """Which policies of a rule a choice may change the verdict of; each one that refuses must be touched."""

    def __init__(self, rule: Rule, against: Mapping[int, Alternatives]) -> None:
        self._needed = sum(1 << number for number in against)
        self._known = [policy.distinctions() for policy in rule.require]
        self._switch = self._where(lambda each: each.rights or each.organisations or each.doelgroepen)
        for number, policy in enumerate(rule.require):
            if any(templates(policy)) or any(each in rule.asking for each in walk((policy,))):
                self._switch |= 1 << number
        self._login = self._where(lambda each: each.acrs or each.ages)
        self._wait = self._where(lambda each: each.moments or each.asks)
        self._grant = {
            pair: self._where(partial(_looks_for, pair))
            for known in self._known
            for pair in (known.rights if known is not None else ())
        }
        for number, missing in _named_by_sources(rule, against):
            # What a source names is its own word: no distinction of the policy has it.
            self._login |= (1 << number) if missing.acr_values else 0
            if missing.right is not None:
                pair = (missing.right, missing.context)
                self._grant[pair] = self._grant.get(pair, 0) | 1 << number
        every = self._switch | self._login | self._wait
        self.possible = self._needed & ~every == 0

    def by(self, *, switch: Switch | None, wait: Wait | None, acr: str | None) -> int:
        """The policies that these touch, as bits."""
        return (
            (self._switch if switch is not None else 0)
            | (self._wait if wait is not None else 0)
            | (self._login if acr is not None else 0)
        )

    def all_of(self, touched: int, grants: Sequence[Pair]) -> bool:
        """Whether these grants touch the rest of the policies that refuse."""
        for pair in grants:
            touched |= self._grant.get(pair, 0)
        return self._needed & ~touched == 0

    def _where(self, looks: Callable[[Distinctions], object]) -> int:
        return sum(1 << number for number, known in enumerate(self._known) if known is None or looks(known))


def _named_by_sources(rule: Rule, against: Mapping[int, Alternatives]) -> Iterator[tuple[int, Missing]]:
    """What fact sources say is missing, with the number of the policy that asked."""
    for number, alternatives in against.items():
        if any(each in rule.asking for each in walk((rule.require[number],))):
            yield from ((number, missing) for missing in chain.from_iterable(alternatives))


def _looks_for(pair: Pair, known: Distinctions) -> bool:
    return pair in known.rights


def _verdicts_against(rule: Rule, there: DecisionInput) -> dict[int, Alternatives]:
    """What is missing for each policy of the rule that refuses, by its number."""
    found: dict[int, Alternatives] = {}
    facts = facts_for(rule, there)
    for number, policy in enumerate(rule.require):
        # A policy that raises here also raises in the decision, which then denies.
        with contextlib.suppress(Exception):
            verdict = facts.ask(policy)
            if not isinstance(verdict, Allow):
                found[number] = verdict.alternatives
    return found


def _names(rules: RuleSet, alternatives: Alternatives, pairs: Sequence[Pair]) -> dict[Pair, Missing]:
    """Each right as something that can be granted, with its name for people and who grants it."""
    known = {(each.right, each.context): each for each in rules.rights.values()}
    lacking = {(each.right, each.context): each for each in chain(*alternatives) if each.right}
    found: dict[Pair, Missing] = {}
    for pair in pairs:
        named = known.get(pair) or lacking.get(pair) or Missing(kind="right", remedy="grant")
        found[pair] = Missing(
            kind="right",
            remedy="grant",
            right=pair[0],
            context=pair[1],
            label=named.label,
            granted_by=named.granted_by,
            contact=named.contact,
        )
    return found
