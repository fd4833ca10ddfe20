"""What could be changed about a refused request."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from gateway.plan import Switch
from gateway.policy.choices import Demands, demands_of, switches, waits
from gateway.policy.evaluate import decide
from gateway.policy.moments import BRUSSELS
from gateway.policy.steps import Steps
from tests.policy.conftest import given, person, rule_set
from tests.policy.generated import NOON


def asked(path: str, *require: Any) -> Demands:
    rules = rule_set(("r", path, list(require)))
    there = given(path.replace("{kbo}", "0777000187"), identity=person(organisation="1"))
    return demands_of(rules.rules[0], there, decide(rules, there).alternatives)


def test_what_a_rule_asks_for() -> None:
    found = asked(
        "/{kbo}",
        {"organisation": {"equals": "{kbo}"}},
        {"not": {"organisation": {"any_of": ["OVO1"], "doelgroep": ["GID"]}}},
        {"right": {"right": "lezer"}},
        {"assurance": {"any_of": ["eid"]}},
    )
    assert set(found.organisations) == {"0777000187", "OVO1"}
    assert found.doelgroepen == ("GID",)
    assert found.rights == (("OVAMGebruiker", "Lezer"),)
    assert [acr.rpartition(":")[2] for acr in found.acrs] == ["eid"]


def test_known_organisations_come_first_and_the_own_one_never() -> None:
    who = person(("OVAMGebruiker", "Lezer", "3"), ("X", None, "4"), organisation="1", doelgroep="EA")
    found = switches(
        who, Demands((("OVAMGebruiker", "Lezer"),), ("1", "2", "OVO1"), ("EA", "GID"), (), (), False)
    )
    assert found[:3] == (Switch("3", known=True), Switch("2"), Switch("OVO1"))
    assert Switch("4", known=True) in found
    assert Switch() in found
    # A KBO number belongs to the doelgroep that the person has now; for another one it is a question.
    assert Switch("3", "GID") in found
    assert Switch("OVO1", "EA") in found
    assert not [each for each in found if each.organisation == "1"]


@pytest.mark.parametrize(
    ("require", "moments"),
    [
        ([{"schedule": {"hours": {"sat": "02:00-03:00"}}}], ["2026-11-28T02:00"]),
        ([{"not": {"schedule": {"hours": {"fri": "08:00-18:00"}}}}], ["2026-11-27T18:00"]),
        (
            [{"schedule": {"from": "2027-03-01"}}, {"schedule": {"hours": {"tue": "09:00-10:00"}}}],
            ["2026-12-01T09:00", "2027-03-01T00:00", "2027-03-02T09:00"],
        ),
        ([{"right": {"right": "lezer"}}], []),
    ],
)
def test_moments_to_come_back_at(require: list[Any], moments: list[str]) -> None:
    rules = rule_set(("r", "/", require))
    there = given(identity=person(), now=NOON)
    found = waits(
        rules.rules[0],
        Steps(rules.rules[0], there, ()),
        there,
        demands_of(rules.rules[0], there, ()),
    )
    spoken = [datetime.fromtimestamp(each.until, BRUSSELS).strftime("%Y-%m-%dT%H:%M") for each in found]
    assert spoken == moments
