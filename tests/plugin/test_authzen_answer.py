"""What counts as a decision of an AuthZEN decision point, and what it says would help."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.model import Identity, Missing, Organisation, Right
from gateway.plugin.authzen_answer import authzen_helps, authzen_missing, read_answer
from gateway.plugin.testing import LEVELS, NOON, facts, person
from tests.plugin.decision_point import RESPONSE

EID, ITSME = "urn:be:vlaanderen:authmech:eid", "urn:be:vlaanderen:authmech:itsme"
NOTHING = ((Missing("other", "none"),),)


def denied(**context: Any) -> dict[str, Any]:
    """The plain data of a denial with this context, which is valid by the published schema."""
    said = {"decision": False, "context": context}
    RESPONSE.validate(said)
    return read_answer(said)


@pytest.mark.parametrize(
    "found",
    [
        None,
        True,
        [],
        "true",
        {},
        {"decision": None},
        {"decision": "true"},
        {"decision": 1},
        {"decision": [True]},
        {"Decision": True},
        {"decision": True, "context": None},
        {"decision": True, "context": []},
        {"decision": True, "context": "ok"},
        {"decision": True, "context": {"obligations": ["log-it"]}},
        {"evaluations": [{"decision": True}]},
    ],
)
def test_what_is_no_decision(found: Any) -> None:
    with pytest.raises(ValueError):
        read_answer(found)


@pytest.mark.parametrize("context", [{}, {"reason_user": "x"}, {"obligations": []}, {"acr_values": EID}])
def test_a_permit_is_no_more_than_that(context: dict[str, Any]) -> None:
    assert read_answer({"decision": True, "context": context, "more": 1}) == {"allow": True}


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        ({"reason_user": {"403": "Vraag uw beheerder"}}, "Vraag uw beheerder"),
        ({"reason_user": "Niet vandaag"}, "Niet vandaag"),
        ({"reason": "Subject is a viewer of the resource"}, "Subject is a viewer of the resource"),
        ({"reason_user": "one\r\nline\x00 \u202ereversed"}, "one line reversed"),
        ({"reason_user": "x" * 5_000}, "x" * 300),
        ({"reason_user": 3}, None),
        ({"reason_user": {"403": ["x"]}}, None),
        ({"reason_user": " \n"}, None),
    ],
)
def test_the_reason_for_people(context: dict[str, Any], reason: str | None) -> None:
    assert denied(**context).get("reason") == reason


def test_the_reason_for_administrators_is_not_shown() -> None:
    answer = denied(reason_admin={"403": "policy C076E82F"})
    assert answer == {"allow": False, "reason_admin": "policy C076E82F"}
    assert authzen_missing(answer, LEVELS) == NOTHING
    assert denied(error={"status": 404, "message": "no such"})["reason_admin"] == "no such"


@pytest.mark.parametrize(
    ("asked", "methods"),
    [
        (EID, (EID,)),
        (f"{ITSME} {EID}", (ITSME, EID)),
        ([ITSME, EID], (ITSME, EID)),
        ([ITSME, 3, "", "two words", "\n"], (ITSME,)),
        ([ITSME, "urn:com:example:loa:3"], (ITSME,)),
        (3, ()),
        ("urn:com:example:loa:3", ()),
    ],
)
def test_a_step_up_to_methods_that_the_provider_has(asked: Any, methods: tuple[str, ...]) -> None:
    found = authzen_missing(denied(acr_values=asked), LEVELS)
    assert found == (((Missing("assurance", "step_up", acr_values=methods),),) if methods else NOTHING)


def test_plans_are_read_as_a_gateway_writes_them() -> None:
    grant = {
        "type": "grant",
        "right": "OVAMGebruiker",
        "context": "Indiener",
        "organisation": "0428315871",
        "label": {"nl": "Indiener"},
        "granted_by": {"nl": "Uw lokale beheerder"},
        "contact": {"url": "javascript:alert(1)"},
    }
    plans = [
        [grant, {"type": "log-in", "acr_values": [EID]}],
        [{"type": "switch", "organisation": "0316380841", "doelgroep": None, "known": True}],
        [{"type": "switch", "doelgroep": "GID", "organisation": None}],
        [{"type": "wait", "until": "2026-01-06T12:00:00+00:00"}],
        [{"type": "switch", "organisation": "0316380841", "doelgroep": "GID"}],
    ]
    found = authzen_missing(denied(plans=plans), LEVELS)
    right = Missing(
        "right",
        "grant",
        "OVAMGebruiker",
        "Indiener",
        "0428315871",
        label={"nl": "Indiener"},
        granted_by={"nl": "Uw lokale beheerder"},
    )
    assert found == (
        (right, Missing("assurance", "step_up", acr_values=(EID,))),
        (Missing("organisation", "switch", organisation="0316380841"),),
        (Missing("doelgroep", "switch", detail="GID"),),
        (Missing("time", "wait", detail="2026-01-06T12:00:00+00:00"),),
        (
            Missing("organisation", "switch", organisation="0316380841"),
            Missing("doelgroep", "switch", detail="GID"),
        ),
    )


@pytest.mark.parametrize(
    "plans",
    [
        3,
        [3],
        [[]],
        [[3]],
        [[{"type": "pay"}]],
        [[{"type": "grant"}]],
        [[{"type": "grant", "right": ["x"]}]],
        [[{"type": "grant", "right": "x"}, {"type": "pay"}]],
        [[{"type": "switch"}]],
        [[{"type": "wait", "until": "soon"}]],
        [[{"type": "wait", "until": "2026-01-06T12:00:00"}]],
        [[{"type": "wait", "until": 5}]],
        [[{"type": "log-in", "acr_values": []}]],
        [[{"type": "grant", "right": "x"}] * 9],
    ],
)
def test_a_plan_that_cannot_be_read_as_a_whole_is_none(plans: Any) -> None:
    assert authzen_missing(denied(plans=plans), LEVELS) == NOTHING


@pytest.mark.parametrize(
    ("plan", "then"),
    [
        ({"type": "log-in", "acr_values": [EID]}, {"identity": person(acr=EID)}),
        ({"type": "grant", "right": "A", "context": "B"}, {"identity": person("A-B")}),
        (
            {"type": "grant", "right": "A", "organisation": "1"},
            {"identity": person("A:1")},
        ),
        ({"type": "switch", "organisation": "1"}, {"identity": person(organisation="1")}),
        ({"type": "switch", "doelgroep": "GID"}, {"identity": person(doelgroep="GID")}),
        ({"type": "wait", "until": "2026-01-06T11:30:00+00:00"}, {"identity": person(), "now": NOON + 1_800}),
    ],
)
def test_a_step_helps_who_has_not_taken_it(plan: dict[str, Any], then: dict[str, Any]) -> None:
    wanted = authzen_missing(denied(plans=[[plan]]), LEVELS)
    before, after = facts(identity=person()), facts(**then)
    assert authzen_helps(wanted, before, after)
    assert not authzen_helps(wanted, before, before)
    assert not authzen_helps(wanted, after, after)
    assert not authzen_helps(wanted, facts(), facts())


def test_nothing_helps_where_nothing_is_named() -> None:
    everything = Identity("", "", organisation=Organisation("1"), rights=(Right("a", "b", "1"),), acr=EID)
    assert not authzen_helps(
        authzen_missing(denied(), LEVELS), facts(identity=person()), facts(identity=everything)
    )
