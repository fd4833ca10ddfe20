"""The page of a denial: its button, what the reader has and lacks, and the message to an administrator."""

import html
import re
from dataclasses import replace
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from gateway.errors import Forbidden
from gateway.model import Identity, Language, Missing, Right
from gateway.pages.error_response import ErrorResponses
from gateway.pages.render import Pages
from gateway.pages.settings import PROFILE, USERS, SupportSettings
from gateway.plan import Grant, LogIn, Plan, Switch, Wait
from gateway.reference import reference_of
from tests.pages.conftest import INDIENER, NOW, Asks, Names, denial, text_of

GOLDEN = Path(__file__).parent / "golden"
OWN, OTHER = "0456789034", "0777000187"


def grant(organisation: str | None = OWN, **contact: str) -> Grant:
    missing = replace(INDIENER, organisation=organisation, contact=contact)
    return Grant("OVAMGebruiker", "NonConformiteitenIndiener", organisation, missing)


def ways(*plans: Plan) -> Forbidden:
    return denial(*plans)


def stuck(*obstacles: Missing) -> Forbidden:
    return denial(obstacles=obstacles)


WAITING = Wait(NOW + 4 * 86_400)
DENIALS = {
    "grant": ways((grant(),)),
    "mail": ways((grant(email="beheer@example.be"),)),
    "switch": ways((Switch(OTHER, known=True),), (grant(),)),
    "question": ways((Switch(OTHER),), (Switch(OTHER), grant(OTHER))),
    "elsewhere": ways((grant(OTHER), Switch(OTHER))),
    "stronger": ways((LogIn(("urn:be:vlaanderen:authmech:eid",)),)),
    "steps": ways((Switch(OTHER, known=True), LogIn(("urn:be:vlaanderen:authmech:eid",)))),
    "closed": ways((WAITING,), (grant(),)),
    "network": stuck(Missing("network", "none", detail="10.0.0.0/8")),
    "over": stuck(Missing("time", "none", detail="2026-10-31")),
    "engine": stuck(Missing("other", "none", detail="not-now"), Missing("scope", "none", detail="ncr")),
    "profile": stuck(Missing("claim", "none", detail="function")),
    "nothing": denial(),
}


def page_of(
    answers: ErrorResponses,
    error: Forbidden,
    identity: Identity | None,
    asks: Asks,
    language: Language = "nl",
) -> str:
    answer = answers.error(error, request_id="3f2a9c1e", request=asks(language=language), identity=identity)
    assert answer.status_code == 403
    return answer.body.decode()


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("name", DENIALS)
def test_in_words(
    answers: ErrorResponses, indiener: Identity, asks: Asks, language: Language, name: str
) -> None:
    text = text_of(page_of(answers, DENIALS[name], indiener, asks, language).encode())
    path = GOLDEN / f"denied-{name}.{language}.txt"
    assert path.exists(), f"read this, then keep it as {path}:\n{text}"
    assert text == path.read_text("utf-8")


def button(page: str) -> tuple[str, str]:
    """Where the big button leads, and its words."""
    found = re.findall(r'<a class="button" href="([^"]*)"[^>]*>([^<]*)</a>', page)
    assert len(found) == 1, found
    return found[0][0].replace("&amp;", "&"), found[0][1]


def test_the_message_is_ready_to_send(answers: ErrorResponses, indiener: Identity, asks: Asks) -> None:
    who = replace(
        indiener,
        rights=(
            Right("OVAMGebruiker", "Lezer", OWN),
            Right("OVAMGebruiker", "NonConformiteitenIndiener", OTHER),
            Right("Iets", None, OWN),
        ),
    )
    address, words = button(page_of(answers, DENIALS["mail"], who, asks))
    assert words == "Vraag toegang"
    parts = urlsplit(address)
    assert (parts.scheme, parseaddr(parts.path)[1]) == ("mailto", "beheer@example.be")
    fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert fields["subject"] == "Vraag om toegang voor Zoë Peeters: Centraal non-conformiteitenregister"
    body = fields["body"].split("\r\n")
    assert "Naam: Zoë Peeters" in body
    assert "Organisatie: Containerdienst Peeters nv (0456.789.034)" in body
    assert "Codes: OVAMGebruiker, NonConformiteitenIndiener" in body
    assert "Vanaf: dinsdag 24 november 2026" in body
    assert "Pagina: Een nieuwe melding (https://register.test/organisaties/0456789034/meldingen/1)" in body
    assert "Gebruikersbeheer: https://vo-gebruikersbeheer.vlaanderen.be/" in body
    assert f"Referentie: {reference_of('3f2a9c1e')}, dinsdag 24 november 2026 om 12.04 uur" in body
    assert "- Recht om te lezen, voor Containerdienst Peeters nv (0456.789.034)" in body
    assert not any("Iets" in line for line in body), "what has nothing to do with it stays out"
    assert len(address) < 2_000, "mail programs cut longer addresses"


def test_the_query_of_the_page_stays_out_of_the_message(
    answers: ErrorResponses, indiener: Identity, asks: Asks
) -> None:
    error = denial((grant(email="a@example.be"),))
    request = asks(query=b"naam=Jan+Peeters")
    page = answers.error(error, request_id="r", request=request, identity=indiener).body.decode()
    assert "Jan" not in unquote(button(page)[0])
    assert "Jan" not in page[page.index("<textarea") : page.index("</textarea>")]


def test_two_administrators_get_no_common_mail(
    answers: ErrorResponses, indiener: Identity, asks: Asks
) -> None:
    both = ways((grant(email="a@example.be"), grant(OTHER, email="b@example.be")))
    address, words = button(page_of(answers, both, indiener, asks))
    assert (address, words) == ("#request", "Vraag toegang")


def test_what_a_person_has_nearly(answers: ErrorResponses, indiener: Identity, asks: Asks) -> None:
    held = (
        Right("OVAMGebruiker", "Lezer", OWN),
        Right("OVAMGebruiker", "NonConformiteitenIndiener", OTHER),
        Right("OVAMGebruiker", "Lezer", OTHER),
    )
    who = replace(indiener, rights=held)
    text = text_of(page_of(answers, DENIALS["grant"], who, asks).encode())
    has = text[text.index("U hebt\n") : text.index("U mist\n")].splitlines()[1:]
    assert [line.split(", voor ")[1] for line in has] == [
        "Containerdienst Peeters nv (0456.789.034)",
        "0777.000.187",
    ]


def test_the_same_right_elsewhere_is_shown_among_many(
    answers: ErrorResponses, indiener: Identity, asks: Asks
) -> None:
    others = [Right("OVAMGebruiker", f"Context {number}", OWN) for number in range(8)]
    who = replace(indiener, rights=(*others, Right("OVAMGebruiker", "NonConformiteitenIndiener", OTHER)))
    text = text_of(page_of(answers, DENIALS["grant"], who, asks).encode())
    has = text[text.index("U hebt\n") : text.index("U mist\n")].splitlines()[1:]
    assert len(has) == 5
    assert "Non-conformiteiten indiener', voor 0777.000.187" in has[-1]


@pytest.mark.parametrize(
    ("name", "words", "leads_to"),
    [
        ("grant", "Vraag toegang", "#request"),
        ("switch", "Wissel naar 0777.000.187", "/oauth2/switch?rd="),
        ("elsewhere", "Wissel van organisatie", "/oauth2/switch?rd="),
        ("closed", "Opnieuw proberen", "/organisaties/0456789034/meldingen/1"),
        ("network", "Opnieuw proberen", "/organisaties/0456789034/meldingen/1"),
        ("over", "Opnieuw proberen", "/organisaties/0456789034/meldingen/1"),
        ("nothing", "Opnieuw proberen", "/organisaties/0456789034/meldingen/1"),
    ],
)
def test_one_button(
    answers: ErrorResponses, indiener: Identity, asks: Asks, name: str, words: str, leads_to: str
) -> None:
    address, found = button(page_of(answers, DENIALS[name], indiener, asks))
    assert found == words
    assert address.startswith(leads_to)


@pytest.mark.parametrize("name", ["network", "over", "profile", "nothing", "stronger"])
def test_no_administrator_where_none_can_help(
    answers: ErrorResponses, indiener: Identity, asks: Asks, name: str
) -> None:
    for language, word in (("nl", "beheerder"), ("en", "administrator")):
        page = page_of(answers, DENIALS[name], indiener, asks, language)  # type: ignore[arg-type]
        assert word not in page


def test_no_right_is_said_to_be_lacking_where_nobody_knows(
    answers: ErrorResponses, indiener: Identity, asks: Asks
) -> None:
    page = page_of(answers, DENIALS["elsewhere"], indiener, asks)
    assert "U mist" not in page
    assert page.index("Werkt u ook voor deze organisatie?") < page.index("Vraag dit aan")
    assert "Uw vraag om toegang" in page


def test_the_reader_can_leave_switch_and_look(
    answers: ErrorResponses, indiener: Identity, asks: Asks
) -> None:
    for error in DENIALS.values():
        page = page_of(answers, error, indiener, asks)
        for address in ("/oauth2/sign_out", "/oauth2/switch?rd=%2Forganisaties", "/oauth2/access"):
            assert f'href="{address}' in page
        assert "Zoë Peeters" in page


def test_somebody_who_is_not_logged_in(answers: ErrorResponses, asks: Asks) -> None:
    page = page_of(answers, DENIALS["network"], None, asks)
    assert "192.0.2.1" in page
    assert "sign_out" not in page


def test_the_address_of_gebruikersbeheer_takes_over_what_is_asked(indiener: Identity, asks: Asks) -> None:
    address = "https://users.test/a?p={person}&s={subject}&o={organisation}&r={right}&c={context}"
    pages = Pages(SupportSettings(users_url=address), "ti", clock=lambda: NOW)
    answers = ErrorResponses(pages, public_url="https://register.test", names=Names, clock=lambda: NOW)
    who = replace(indiener, given_name="Zo\u00eb & {right}")
    page = html.unescape(page_of(answers, DENIALS["grant"], who, asks))
    given = "p=Zo%C3%AB%20%26%20%7Bright%7D%20Peeters&s=f3a1c9&o=0456789034"
    assert f"https://users.test/a?{given}&r=OVAMGebruiker&c=NonConformiteitenIndiener" in page


def test_only_production_has_addresses_of_production(indiener: Identity, asks: Asks) -> None:
    """Whoever lacks a right in T&I would look up, and ask for, rights of PRD there."""
    for environment, there in (("ti", False), ("acc", False), ("prd", True)):
        pages = Pages(SupportSettings(), environment, clock=lambda: NOW)
        answers = ErrorResponses(pages, public_url="https://register.test", names=Names, clock=lambda: NOW)
        page = html.unescape(page_of(answers, DENIALS["grant"], indiener, asks))
        assert "Mijn Profiel" in page
        assert (PROFILE in page) == there
        assert (f"Gebruikersbeheer: {USERS}" in page) == there
        assert ("Gebruikersbeheer: " in page) == there
