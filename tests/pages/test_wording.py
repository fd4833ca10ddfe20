"""What is missing, in words: the steps of a plan, and names that people know."""

from __future__ import annotations

import pytest

from gateway.model import ClaimFault, Identity, Organisation
from gateway.pages.catalogue import read_catalogue
from gateway.pages.wording import StepWords, Wording, unread_claims, unread_claims_data
from gateway.plan import LogIn, Step, Switch, Wait

PERSON = Identity("op", "s", doelgroep="EA", organisation=Organisation("0456789034", "Peeters nv"))


def words(step: Step, *, too_often: bool = False) -> StepWords:
    return Wording(
        "nl", read_catalogue("nl").gettext, identity=PERSON, back="/m?a=1", too_often=too_often
    ).step(step)


@pytest.mark.parametrize(
    ("step", "text", "link"),
    [
        (
            Switch("0777000187", known=True),
            "ondernemingsnummer 0777.000.187",
            "&doelgroep=EA&organisation=0777000187",
        ),
        (Switch("OVO001234"), "code OVO001234", ""),
        (Switch("OVO001234", "GID"), "code OVO001234", "&doelgroep=GID&organisation=OVO001234"),
        (Switch(None, "GID"), "namens een Vlaamse overheidsdienst (GID)", "&doelgroep=GID"),
        (Switch(), "namens een andere organisatie", ""),
    ],
)
def test_a_switch(step: Switch, text: str, link: str) -> None:
    found = words(step)
    assert text in found.text
    assert found.link == f"/oauth2/switch?rd=%2Fm%3Fa%3D1{link}"
    assert ("Werkt u ook" in found.advice) == (not step.known)


def test_a_login_names_only_the_means_that_are_enough() -> None:
    found = words(LogIn(("urn:x:eid",)))
    assert (found.text, found.link_text) == ("Een ander aanmeldmiddel: eID", "Meld u aan met eID")
    assert found.link == "/oauth2/start?rd=%2Fm%3Fa%3D1&acr_values=urn%3Ax%3Aeid"
    assert words(LogIn(("urn:x:eid", "urn:x:itsme"))).link_text == "Meld u aan met eID of itsme"
    assert words(LogIn()).link == "/oauth2/start?rd=%2Fm%3Fa%3D1"


def test_to_wait_is_for_the_hours_or_for_the_number_of_requests() -> None:
    step = Wait(1_795_777_200.0)
    assert words(step).text == "Deze pagina is opnieuw open vanaf vrijdag 27 november 2026 om 12 uur"
    assert words(step, too_often=True).text == "U stuurde te veel aanvragen."
    assert words(step).data("https://x") == {
        "type": "wait",
        "until": "2026-11-27T11:00:00+00:00",
        "text": words(step).text,
        "advice": words(step).advice,
    }


def test_claims_that_could_not_be_read_are_named_once() -> None:
    faults = (ClaimFault("rol", "not-a-right"), ClaimFault("rol", "too-long"))
    who = Identity("op", "s", faults=faults)
    assert unread_claims(who) == "rol"
    assert [each["claim"] for each in unread_claims_data(who)] == ["rol", "rol"]
    assert (unread_claims(None), unread_claims_data(None)) == ("", [])
