"""What could be changed about a refused request: the steps that its rule asks for, one by one."""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Final, TypeVar

from gateway.model import Allow, Alternatives, DecisionInput, Identity, Missing
from gateway.plan import Switch, Wait
from gateway.plugin import Policy, combine
from gateway.policy.evaluate import facts_for
from gateway.policy.moments import changing_moments, in_calendar
from gateway.policy.ruleset import Rule, templates, walk
from gateway.policy.steps import Steps, same_kind

T = TypeVar("T")
Pair = tuple[str, str | None]

MOST_RIGHTS: Final = 24
MOST_SWITCHES: Final = 24
MOST_MEANS: Final = 12
MOST_WAITS: Final = 6
_MOST_ORGANISATIONS: Final = 8
_MOST_OTHERS: Final = 2
_MOST_MOMENTS: Final = 128
_DAYS: Final = 8


@dataclass(frozen=True, slots=True)
class Demands:
    """What a rule demands of a request, by its policies and by what is missing: values that a step could give.

    `rights` are pairs of right and context, `ages` whether it matters when somebody logged in.
    """

    rights: tuple[Pair, ...]
    organisations: tuple[str, ...]
    doelgroepen: tuple[str, ...]
    acrs: tuple[str, ...]
    moments: tuple[float, ...]
    ages: bool


def demands_of(rule: Rule, decision_input: DecisionInput, alternatives: Alternatives) -> Demands:
    """What this rule demands of a request that it decides; `alternatives` is what is missing."""
    known = combine(each for policy in walk(rule.require) if (each := policy.distinctions()) is not None)
    assert known is not None
    lacking = [missing for alternative in alternatives for missing in alternative]
    variables = facts_for(rule, decision_input).variables
    rendered = (
        template.render(variables)
        for policy in rule.require
        for template in templates(policy)
        if all(name is None or name in variables for _, name in template.parts)
    )
    return Demands(
        _first(MOST_RIGHTS, ((each.right, each.context) for each in lacking if each.right), known.rights),
        tuple(dict.fromkeys(chain(_codes(lacking), rendered, known.organisations))),
        _first(MOST_MEANS, _details(lacking, "doelgroep"), known.doelgroepen),
        _first(MOST_MEANS, (acr for each in lacking for acr in each.acr_values), known.acrs),
        known.moments,
        bool(known.ages),
    )


def _first(most: int, *several: Iterable[T]) -> tuple[T, ...]:
    return tuple(islice(dict.fromkeys(chain(*several)), most))


def _codes(lacking: Sequence[Missing]) -> Iterator[str]:
    for each in lacking:
        if each.kind == "organisation" and each.remedy == "switch" and each.organisation:
            yield from (code.strip() for code in each.organisation.split(","))


def _details(lacking: Sequence[Missing], kind: str) -> Iterator[str]:
    for each in lacking:
        if each.kind == kind and each.detail:
            yield from (text.strip() for text in each.detail.split(","))


def switches(identity: Identity, demands: Demands) -> tuple[Switch, ...]:
    """The other organisations and doelgroepen that could be acted for: first those that the person is known to have."""
    here = identity.organisation.code if identity.organisation is not None else None
    known = dict.fromkeys(right.organisation for right in identity.rights if right.organisation != here)
    useful = {
        right.organisation for right in identity.rights if (right.name, right.context) in demands.rights
    }
    named = dict.fromkeys(code for code in demands.organisations if code != here)
    first = {code: None for code in known if code in useful or code in named}
    others = list(islice((code for code in known if code not in first), _MOST_OTHERS))
    codes = list(islice(first | named, _MOST_ORGANISATIONS)) + others
    doelgroepen = [each for each in demands.doelgroepen if each != identity.doelgroep]
    found = [
        *(Switch(code, None, known=code in known) for code in codes),
        Switch(),
        *(Switch(None, each) for each in doelgroepen),
        # The doelgroep of an organisation that is known is not a guess where it must differ from the present one.
        *(
            Switch(code, each, known=code in known and not _same_kind(here, code))
            for code in codes
            for each in (doelgroepen if _same_kind(here, code) else demands.doelgroepen)
        ),
    ]
    return tuple(found[:MOST_SWITCHES])


def _same_kind(here: str | None, code: str) -> bool:
    return here is not None and same_kind(here, code)


def waits(rule: Rule, steps: Steps, start: DecisionInput, demands: Demands) -> tuple[Wait, ...]:
    """Moments to come back at: the first one at which the policies of this rule that look at the clock judge alike."""
    clocked = [policy for policy in walk(rule.require) if _is_clocked(policy)]
    if not clocked:
        return ()
    now = start.now
    judged, hints = _judged(rule, clocked, start)
    later = [*hints, *(moment for moment in demands.moments if moment > now)]
    later.extend(changing_moments(demands.moments, now, _DAYS))
    known, found = {judged}, list[Wait]()
    queue = sorted({moment for moment in later if moment > now and in_calendar(moment)})
    for moment in islice(_growing(queue), _MOST_MOMENTS):
        (there,) = steps.inputs((Wait(moment),))
        judged, hints = _judged(rule, clocked, there)
        _add(queue, hints, moment)
        if judged in known:
            continue
        known.add(judged)
        found.append(Wait(moment))
        if len(found) == MOST_WAITS:
            break
        if len(clocked) > 1 and moment > now + _DAYS * 86_400:
            # Far from now, the hours of the other policies are those of that week.
            _add(queue, changing_moments(demands.moments, moment, _DAYS), moment)
    return tuple(found)


def _is_clocked(policy: Policy) -> bool:
    """Whether it is a policy by itself, not made of others, whose verdict may depend on the moment."""
    known = policy.distinctions()
    alone = sum(1 for _ in walk((policy,))) == 1
    return alone and (known is None or bool(known.moments) or known.asks)


def _judged(
    rule: Rule, policies: Sequence[Policy], there: DecisionInput
) -> tuple[tuple[str, ...], list[float]]:
    """The kind of verdict of each policy, and the moments that they name to wait for."""
    facts = facts_for(rule, there)
    kinds: list[str] = []
    hints: list[float] = []
    for policy in policies:
        try:
            verdict = facts.ask(policy)
        except BaseException as problem:  # noqa: BLE001 - whatever a policy raises, the request is denied
            kinds.append(type(problem).__name__)
            continue
        kinds.append(type(verdict).__name__)
        if not isinstance(verdict, Allow):
            hints.extend(_hinted(verdict.alternatives))
    return tuple(kinds), hints


def _hinted(alternatives: Alternatives) -> Iterator[float]:
    for missing in chain.from_iterable(alternatives):
        if missing.remedy == "wait" and missing.detail:
            with contextlib.suppress(ValueError, OverflowError):
                yield datetime.fromisoformat(missing.detail).timestamp()


def _growing(queue: list[float]) -> Iterator[float]:
    """The moments in order, while later ones are added."""
    while queue:
        yield queue.pop(0)


def _add(queue: list[float], moments: Iterable[float], now: float) -> None:
    for moment in moments:
        place = bisect_left(queue, moment)
        if moment > now and in_calendar(moment) and (place == len(queue) or queue[place] != moment):
            queue.insert(place, moment)
