"""The policy `right`: right, context and organisation, letter for letter; what is missing and who grants it."""

from __future__ import annotations

import pytest

from gateway.plugin import Allow, Deny, Distinctions, NamedRight, NotApplicable, Right
from gateway.plugin.testing import OptionsRefused, facts, person, policy
from plugins.right import Right as RightPolicy

NAMED = NamedRight(
    "indiener", "Gebruiker", "Indiener", {"nl": "Indiener"}, {"nl": "de beheerder"}, {"phone": "1700"}
)
ASKED = policy(RightPolicy, {"right": "indiener"}, rights={"indiener": NAMED})


def test_it_holds_for_the_organisation_that_the_session_acts_for() -> None:
    assert ASKED.decide(facts(identity=person("Gebruiker-Indiener"))) == Allow("has-right")


@pytest.mark.parametrize(
    ("rights", "organisation"),
    [
        ((), "0428315871"),
        (("Gebruiker-indiener",), "0428315871"),
        (("Gebruiker",), "0428315871"),
        (("gebruiker-Indiener",), "0428315871"),
        (("Gebruiker-Indiener2",), "0428315871"),
    ],
)
def test_anything_else_is_not_the_right(rights: tuple[str, ...], organisation: str) -> None:
    verdict = ASKED.decide(facts(identity=person(*rights, organisation=organisation)))
    assert isinstance(verdict, Deny)
    ((missing,),) = verdict.alternatives
    assert (missing.kind, missing.remedy) == ("right", "grant")
    assert (missing.right, missing.context, missing.organisation) == ("Gebruiker", "Indiener", organisation)
    assert (missing.label, missing.granted_by, missing.contact) == (
        NAMED.label,
        NAMED.granted_by,
        NAMED.contact,
    )


@pytest.mark.parametrize("organisation", ["0777000187", None])
def test_who_has_it_for_another_organisation_can_switch(organisation: str | None) -> None:
    verdict = ASKED.decide(facts(identity=person("Gebruiker-Indiener:0428315871", organisation=organisation)))
    assert isinstance(verdict, Deny)
    assert verdict.alternatives[0][0].remedy == "switch"


def test_a_right_for_no_organisation_is_none() -> None:
    somebody = person(
        organisation=None,
    )
    held = person("Gebruiker-Indiener", organisation=None)
    assert held.rights == (Right("Gebruiker", "Indiener", ""),)
    assert isinstance(ASKED.decide(facts(identity=held)), Deny)
    assert isinstance(ASKED.decide(facts(identity=somebody)), Deny)


def test_nobody_is_asked_to_log_in() -> None:
    verdict = ASKED.decide(facts())
    assert isinstance(verdict, NotApplicable)
    assert verdict.alternatives[0][0].remedy == "login"


def test_an_unknown_right_is_refused() -> None:
    with pytest.raises(OptionsRefused, match="unknown right 'indienr'"):
        policy(RightPolicy, {"right": "indienr"}, rights={"indiener": NAMED})
    with pytest.raises(OptionsRefused, match="options of 'right'"):
        policy(RightPolicy, "indiener", rights={"indiener": NAMED})


def test_what_it_tells_apart() -> None:
    assert ASKED.distinctions() == Distinctions(rights=(("Gebruiker", "Indiener"),))
    assert ASKED.to_data() == {"right": {"right": "Gebruiker-Indiener"}}
