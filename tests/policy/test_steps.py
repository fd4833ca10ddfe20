"""What steps do to a request."""

from __future__ import annotations

from gateway.model import Missing, Right
from gateway.plan import Grant, LogIn, Switch, Wait
from gateway.policy.steps import UNNAMED, Steps
from tests.policy.conftest import given, person, rule_set

RULES = rule_set(("r", "/", ["authenticated", {"rate": {"limit": 1, "window": "60s"}}]))
RATE = "rate:tried:subject:1/60s"
GRANT = Grant("R", None, None, Missing("right", "grant"))


def test_an_open_organisation_is_one_that_no_rule_names() -> None:
    steps = Steps(RULES.rules[0], given(identity=person(organisation="0456789034", doelgroep="EA")), ())
    (there,) = steps.inputs((GRANT, Switch()))
    assert there.identity is not None
    assert (there.identity.organisation, there.identity.doelgroep) == (UNNAMED, "EA")
    assert there.identity.rights == (Right("R", None, UNNAMED.code),)


def test_the_doelgroep_of_another_kind_of_organisation_is_not_known() -> None:
    steps = Steps(RULES.rules[0], given(identity=person(organisation="0456789034", doelgroep="EA")), ("GID",))
    for switch, groups in (
        (Switch("0777000187"), ["EA"]),
        (Switch("OVO001234"), [None, "GID"]),
        (Switch("OVO001234", "LB"), ["LB"]),
    ):
        found = [each.identity for each in steps.inputs((switch,))]
        assert [each.doelgroep for each in found if each is not None] == groups


def test_each_of_several_means_is_tried() -> None:
    steps = Steps(RULES.rules[0], given(), ())
    found = [each.identity for each in steps.inputs((LogIn(("a", "b")),))]
    assert [each.acr for each in found if each is not None] == ["a", "b"]


def test_answers_of_fact_sources() -> None:
    full = {RATE: {"within": False, "again": 2_000_000_000.0}}
    asked = given(identity=person())
    steps = Steps(RULES.rules[0], asked._replace(facts=full), ())
    assert steps.inputs((Wait(1_999_999_999.0),))[0].facts == full
    assert steps.inputs((Wait(2_000_000_000.0),))[0].facts == {RATE: {"within": True}}
    # A source that gave no answer gives none afterwards; one that was not asked is favourable.
    assert Steps(RULES.rules[0], asked, ()).inputs((Wait(1.0),))[0].facts == {}
    assert Steps(RULES.rules[0], given(), ()).inputs((LogIn(),))[0].facts == {RATE: {"within": True}}
