"""Granting a right with its context, changing it, ending it and revoking it; each shows in the claim."""

from __future__ import annotations

import pytest

from tests.simulator.gebruikersbeheer.walks import (
    BACK,
    CONFIRM,
    HOME,
    NEXT,
    day,
    fill_right,
    in_days,
    open_right,
    relation_of,
    right_of,
    roles,
)  # fmt: skip
from tests.simulator.visitors import Portal, Visitor, values

CLAIM = ["OVAMGebruiker-NonConformiteitenIndiener:0456789034"]


@pytest.fixture
def relation(office: Portal) -> int:
    """Of somebody without rights."""
    return relation_of(office, "zonder-recht")


def test_a_right_is_granted_as_the_manual_says(beheerder: Visitor, office: Portal, relation: int) -> None:
    page = beheerder.open(f"{HOME}/werkrelaties/{relation}/recht")
    assert "OVAM Gebruiker" in page.text
    page = open_right(beheerder, relation)
    assert "hoogstens 1095 dagen" in page.text
    assert "Nog niets gekozen" in page.text
    page = beheerder.send(page, ("pick", "NonConformiteitenIndiener"), reason="Dient in", end=day(office, 30))
    assert "'Non-conformiteiten indiener' staat nu bij 'Geselecteerd'" in page.text.replace("&#39;", "'")
    assert 'name="drop" value="NonConformiteitenIndiener" autofocus' in page.text
    kept = values(page, NEXT)
    assert (kept["reason"], kept["end"]) == ("Dient in", day(office, 30))
    page = beheerder.send(page, NEXT)
    for words in (
        "klopt dit?",
        "OVAM Gebruiker",
        "Non-conformiteiten indiener",
        day(office),
        day(office, 30),
        "Dient in",
    ):
        assert words in page.text
    assert roles(office, "zonder-recht") == []
    page = beheerder.send(page, CONFIRM)
    assert "Het gebruikersrecht is toegekend" in page.text
    assert 'state valid">geldig' in page.text
    assert roles(office, "zonder-recht") == CLAIM


def test_a_context_can_go_back(beheerder: Visitor, relation: int) -> None:
    page = open_right(beheerder, relation)
    page = beheerder.send(page, ("pick", "Bodemdossiers"))
    page = beheerder.send(page, ("pick", "NonConformiteitenIndiener"))
    page = beheerder.send(page, ("drop", "Bodemdossiers"))
    assert 'name="pick" value="Bodemdossiers" autofocus' in page.text
    assert 'name="drop" value="NonConformiteitenIndiener"' in page.text


@pytest.mark.parametrize(
    ("field", "days", "words"),
    [
        ("end", 1096, "hoogstens 1095 dagen"),
        ("end", -1, "ligt voor de begindatum"),
        ("begin", 366, "ligt voor de begindatum"),
        ("begin", -201, "begint pas op"),
    ],
)
def test_dates_out_of_order_or_too_far(
    beheerder: Visitor, office: Portal, relation: int, field: str, days: int, words: str
) -> None:
    page = fill_right(beheerder, office, relation, **{field: day(office, days)})
    assert page.status_code == 422
    assert words in page.text
    assert values(page, NEXT)[field] == day(office, days)


def test_the_last_day_that_is_allowed(beheerder: Visitor, office: Portal, relation: int) -> None:
    assert fill_right(beheerder, office, relation, end=day(office, 1095)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"reason": ""}, "reason", "Vul de reden in"),
        ({"end": ""}, "end", "Vul de einddatum in"),
        ({"end": "31/02/2027"}, "end", "bestaande datum"),
        ({"begin": "32/01/2026"}, "begin", "bestaande datum"),
        ({"contexts": "Onbekend"}, "contexts", "minstens één context"),
    ],
)
def test_what_is_missing(
    beheerder: Visitor, office: Portal, relation: int, changes: dict[str, str], field: str, words: str
) -> None:
    page = fill_right(beheerder, office, relation, **changes)
    assert page.status_code == 422
    assert f'<a href="#{field}">' in page.text
    assert words in page.text


def test_a_right_type_must_be_chosen(beheerder: Visitor, office: Portal, relation: int) -> None:
    for kind in ("", "Onbekend"):
        page = beheerder.open(f"{HOME}/werkrelaties/{relation}/recht?recht={kind}")
        assert page.status_code == 422
        assert "Kies een gebruikersrecht uit de lijst" in page.text
    assert beheerder.open(f"{HOME}/werkrelaties/{relation}/recht/Onbekend").status_code == 404


def test_the_same_right_twice_in_one_period_is_refused(beheerder: Visitor, office: Portal) -> None:
    page = fill_right(beheerder, office, relation_of(office, "indiener"))
    assert "Dit recht is al toegekend" in page.text


def test_a_grant_that_is_sent_twice_is_done_once(beheerder: Visitor, office: Portal, relation: int) -> None:
    confirmation = fill_right(beheerder, office, relation)
    beheerder.send(confirmation, CONFIRM)
    again = beheerder.send(confirmation, CONFIRM)
    assert "maar één keer uitgevoerd" in again.text
    assert len(office.directory.people().people["zonder-recht"].works_for[0].rights) == 1


def test_a_future_right_waits_for_its_day(beheerder: Visitor, office: Portal, relation: int) -> None:
    page = fill_right(beheerder, office, relation, begin=day(office, 7), end=day(office, 30))
    page = beheerder.send(page, CONFIRM)
    assert "toekomstig" in page.text
    assert roles(office, "zonder-recht") == []
    office.clock.now += 7 * 86400
    assert roles(office, "zonder-recht") == CLAIM
    office.clock.now += 24 * 86400
    assert roles(office, "zonder-recht") == []


def test_a_right_is_changed(beheerder: Visitor, office: Portal) -> None:
    path = f"{HOME}/rechten/{right_of(office, 'verkeerde-context')}/wijzig"
    page = beheerder.send(beheerder.open(path), ("drop", "Bodemdossiers"))
    page = beheerder.send(page, ("pick", "NonConformiteitenIndiener"))
    page = beheerder.send(page, NEXT, reason="Andere taak")
    page = beheerder.send(page, CONFIRM)
    assert "Het gebruikersrecht is gewijzigd" in page.text
    assert "Bodemdossiers" in page.text  # in the history
    assert roles(office, "verkeerde-context") == CLAIM


def test_a_context_that_is_taken_away_by_a_change_is_gone(beheerder: Visitor, office: Portal) -> None:
    path = f"{HOME}/rechten/{right_of(office, 'indiener')}/wijzig"
    page = beheerder.send(beheerder.open(path), ("drop", "NonConformiteitenIndiener"))
    page = beheerder.send(page, NEXT, reason="Minder")
    assert "minstens één context" in page.text
    page = beheerder.send(beheerder.send(page, ("pick", "Bodemdossiers")), NEXT)
    beheerder.send(page, CONFIRM)
    assert roles(office, "indiener") == ["OVAMGebruiker-Bodemdossiers:0456789034"]


def test_a_right_that_ended_is_extended_by_a_change(beheerder: Visitor, office: Portal) -> None:
    page = beheerder.open(f"{HOME}/rechten/{right_of(office, 'verlopen')}/wijzig")
    page = beheerder.send(page, NEXT, end=day(office, 100), reason="Blijft langer")
    beheerder.send(page, CONFIRM)
    assert roles(office, "verlopen") == CLAIM


def test_a_right_is_ended_on_a_day(beheerder: Visitor, office: Portal) -> None:
    path = f"{HOME}/rechten/{right_of(office, 'indiener')}/beeindig"
    for end, words in (
        (day(office, -1), "Kies vandaag of later"),
        (day(office, 366), "eindigt al vroeger"),
        ("x", "dd/mm/jjjj"),
    ):
        refused = beheerder.send(beheerder.open(path), NEXT, end=end, reason="Weg")
        assert refused.status_code == 422
        assert words in refused.text
        assert values(refused, NEXT)["end"] == end
    page = beheerder.send(beheerder.open(path), NEXT, end=day(office), reason="Weg")
    assert values(beheerder.send(page, BACK), NEXT)["reason"] == "Weg"
    beheerder.send(page, CONFIRM)
    assert roles(office, "indiener") == CLAIM
    assert office.directory.people().people["indiener"].works_for[0].rights[0].end == in_days(office, 0)
    office.clock.now += 86400
    assert roles(office, "indiener") == []


def test_a_right_is_revoked_at_once(beheerder: Visitor, office: Portal) -> None:
    path = f"{HOME}/rechten/{right_of(office, 'indiener')}/trek-in"
    page = beheerder.open(path)
    assert "meteen" in page.text
    assert "Vul de reden in" in beheerder.send(page, NEXT, reason="").text
    confirmation = beheerder.send(page, NEXT, reason="Vertrouwensbreuk")
    page = beheerder.send(confirmation, CONFIRM)
    assert "Het gebruikersrecht is ingetrokken" in page.text
    assert 'state revoked">ingetrokken' in page.text
    assert roles(office, "indiener") == []
    assert "maar één keer uitgevoerd" in beheerder.send(confirmation, CONFIRM).text
    assert beheerder.open(path).status_code == 404


def test_after_a_revocation_the_right_can_be_granted_anew(beheerder: Visitor, office: Portal) -> None:
    page = beheerder.open(f"{HOME}/rechten/{right_of(office, 'indiener')}/trek-in")
    beheerder.send(beheerder.send(page, NEXT, reason="Vergissing"), CONFIRM)
    beheerder.send(fill_right(beheerder, office, relation_of(office, "indiener")), CONFIRM)
    assert roles(office, "indiener") == CLAIM


def test_a_form_that_is_not_ours_grants_nothing(beheerder: Visitor, office: Portal, relation: int) -> None:
    confirmation = fill_right(beheerder, office, relation)
    refused = beheerder.send(confirmation, CONFIRM, csrf="1.forged")
    assert refused.status_code == 422
    assert 'name="drop" value="NonConformiteitenIndiener"' in refused.text
    assert roles(office, "zonder-recht") == []


def test_what_changed_in_between_is_checked_again(beheerder: Visitor, office: Portal, relation: int) -> None:
    confirmation = fill_right(beheerder, office, relation)
    with office.directory.changing() as connection:
        connection.execute("UPDATE work_relation SET end_on = begin_on WHERE id = ?", (relation,))
    refused = beheerder.send(confirmation, CONFIRM)
    assert refused.status_code == 422
    assert "De werkrelatie eindigt al" in refused.text
