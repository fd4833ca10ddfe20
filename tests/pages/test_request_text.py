"""The message to an administrator, whatever the values in it."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.pages.catalogue import read_catalogue
from gateway.pages.request_text import AccessRequest, RequestedRight, request_text

ASKED = AccessRequest(
    person="Zoë Peeters & zn",
    wanted=(RequestedRight("recht om in te dienen", "OVAMGebruiker", None, "https://users.test/"),),
    held=(),
    page=None,
    address="https://register.test/a",
    service="Register",
    day="24 november 2026",
    moment="24 november 2026, 12:04",
    reference="4C25-38B9",
)
_ = read_catalogue("nl").gettext


@pytest.mark.parametrize("person", ["Zoë & Zn?", "a%20b", "=#+", "?cc=evil@example.be&bcc=x", "\r\nBcc: x"])
def test_a_value_stays_in_its_field(person: str) -> None:
    found = request_text(_, replace(ASKED, person=person), email="beheer@example.be")
    assert found.mailto is not None
    parts = urlsplit(found.mailto)
    assert parts.path == "beheer@example.be"
    fields = parse_qs(parts.query, strict_parsing=True)
    assert set(fields) == {"subject", "body"}
    assert fields["subject"] == [f"Vraag om toegang voor {person}: Register"]


def test_lines_end_as_mail_wants_them() -> None:
    found = request_text(_, ASKED, email="beheer@example.be")
    assert found.mailto is not None
    (body,) = parse_qs(urlsplit(found.mailto).query)["body"]
    assert body.split("\r\n") == found.body.split("\n")
    assert "\r" not in found.body


def test_without_an_address_there_is_only_a_text() -> None:
    found = request_text(_, ASKED, email=None)
    assert found.mailto is None
    assert "Pagina: https://register.test/a" in found.body
    assert "Organisatie" not in found.body
    assert "Dit heb ik al" not in found.body


def test_several_rights_each_have_their_organisation() -> None:
    wanted = (
        RequestedRight("een", "A", "X (1)", "https://users.test/a"),
        RequestedRight("twee", "B, c", "Y (2)", "https://users.test/b"),
    )
    lines = request_text(_, replace(ASKED, wanted=wanted, held=("iets",)), email=None).body.splitlines()
    at = lines.index("Organisatie: X (1)")
    assert lines[at : at + 6] == [
        "Organisatie: X (1)",
        "Nodig: een",
        "Codes: A",
        "Organisatie: Y (2)",
        "Nodig: twee",
        "Codes: B, c",
    ]
    assert "- iets" in lines
    assert [line for line in lines if "users.test" in line] == [
        "Gebruikersbeheer: https://users.test/a",
        "Gebruikersbeheer: https://users.test/b",
    ]
