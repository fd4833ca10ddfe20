"""What makes a work relation or a right acceptable, as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from simulator.data.people import Granted, Organisation, Validity, WorkRelation
from simulator.data.rules import last_day, reason_faults, relation_faults, right_faults
from simulator.data.seed import load_people

TODAY = date(2026, 11, 24)
PEOPLE = load_people(today=TODAY)
PEETERS = PEOPLE.organisations["0456789034"]
RELATION = WorkRelation(
    PEETERS, "Vaste medewerker", TODAY, TODAY + timedelta(days=2000), "a.b@c.example", "+32 3 000 00 00", ()
)
RIGHT = Granted(
    "OVAMGebruiker", ("NonConformiteitenIndiener",), TODAY, TODAY + timedelta(days=100), reason="Werk"
)


def after(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, None),
        ({"end": None}, None),
        ({"end": TODAY}, None),
        ({"end": after(-1)}, "end"),
        ({"category": "Ambtenaar"}, "category"),
        ({"email": "a.b@c"}, "email"),
        ({"email": "a b@c.example"}, "email"),
        ({"email": "a@c.example,b@c.example"}, "email"),
        ({"email": "a@c.example:0456789034"}, "email"),
        ({"phone": "1700"}, "phone"),
        ({"phone": "03/000.00.00"}, None),
        ({"phone": "+32 (0)3 000 00 00"}, None),
        ({"phone": "<script>1234567"}, "phone"),
    ],
)
def test_work_relations(changes: dict[str, Any], field: str | None) -> None:
    nobody = replace(PEOPLE.people["beheerder"], works_for=())
    assert list(relation_faults(nobody, replace(RELATION, **changes))) == ([field] if field else [])


@pytest.mark.parametrize(
    ("begin", "end", "clashes"),
    [
        (-10, -1, False),
        (-10, 0, True),
        (5, None, True),
        (10, 20, True),
        (11, 20, False),
        (11, None, False),
        (-10, None, True),
    ],
)
def test_periods_of_two_relations(begin: int, end: int | None, clashes: bool) -> None:
    there = replace(RELATION, begin=TODAY, end=after(10), id=7)
    person = replace(PEOPLE.people["beheerder"], works_for=(there,))
    wanted = replace(RELATION, begin=after(begin), end=None if end is None else after(end))
    assert ("begin" in relation_faults(person, wanted)) is clashes
    assert "begin" not in relation_faults(person, replace(wanted, id=7))
    elsewhere = replace(there, organisation=Organisation("0777000187", "Andere", "EA"))
    assert "begin" not in relation_faults(replace(person, works_for=(elsewhere,)), wanted)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, None),
        ({"code": "Onbekend"}, "kind"),
        ({"contexts": ()}, "contexts"),
        ({"contexts": ("Onbekend",)}, "contexts"),
        ({"contexts": ("NonConformiteitenIndiener", "Onbekend")}, "contexts"),
        ({"begin": after(-1)}, "begin"),
        ({"begin": after(2001), "end": after(2002)}, "begin"),
        ({"end": None}, "end"),
        ({"end": after(-1)}, "end"),
        ({"end": after(1095)}, None),
        ({"end": after(1096)}, "end"),
        ({"begin": after(1500), "end": after(2001)}, "end"),
        ({"reason": ""}, "reason"),
        ({"reason": " \n"}, "reason"),
    ],
)
def test_rights(changes: dict[str, Any], field: str | None) -> None:
    assert list(right_faults(PEOPLE, RELATION, replace(RIGHT, **changes))) == ([field] if field else [])


def test_a_new_right_is_not_over_already_but_a_change_may_end_one() -> None:
    relation = replace(RELATION, begin=after(-100))
    over = replace(RIGHT, begin=after(-50), end=after(-1))
    assert list(right_faults(PEOPLE, relation, over)) == ["end"]
    assert right_faults(PEOPLE, relation, replace(over, id=3)) == {}


def test_the_same_right_twice() -> None:
    relation = replace(RELATION, rights=(replace(RIGHT, id=3),))
    assert list(right_faults(PEOPLE, relation, RIGHT)) == ["begin"]
    assert right_faults(PEOPLE, relation, replace(RIGHT, id=3)) == {}
    assert right_faults(PEOPLE, relation, replace(RIGHT, begin=after(101), end=after(200))) == {}
    revoked = replace(relation, rights=(replace(RIGHT, id=3, revoked=True),))
    assert right_faults(PEOPLE, revoked, RIGHT) == {}


def test_reasons_have_a_length() -> None:
    assert reason_faults("x" * 500) == {}
    assert list(reason_faults("x" * 501)) == ["reason"]


def test_the_last_day() -> None:
    assert last_day(PEOPLE.rights["MateriaalstromenGebruiker"], TODAY) == after(365)


@pytest.mark.parametrize(
    ("right", "relation", "validity"),
    [
        ((0, 10), (0, None), Validity.VALID),
        ((0, 0), (0, 0), Validity.VALID),
        ((1, 10), (0, None), Validity.FUTURE),
        ((-10, -1), (-10, None), Validity.ENDED),
        ((-10, 10), (-10, -1), Validity.ENDED),
        ((-10, 10), (1, None), Validity.FUTURE),
        ((-10, -1), (1, None), Validity.ENDED),
    ],
)
def test_a_right_holds_within_its_work_relation(
    right: tuple[int, int], relation: tuple[int, int | None], validity: Validity
) -> None:
    granted = replace(RIGHT, begin=after(right[0]), end=after(right[1]))
    work = replace(
        RELATION,
        begin=after(relation[0]),
        end=None if relation[1] is None else after(relation[1]),
        rights=(granted,),
    )
    assert work.right_validity(granted, TODAY) is validity
    person = replace(PEOPLE.people["zonder-recht"], works_for=(work,))
    people = replace(PEOPLE, people={"zonder-recht": person})
    claims = people.role_claims("zonder-recht", PEETERS.code, frozenset(("ovam",)))
    assert bool(claims) is (validity is Validity.VALID)
    revoked = replace(granted, revoked=True)
    assert work.right_validity(revoked, TODAY) is Validity.REVOKED
