"""The page "Mijn toegang", for people first, and the same as data."""

import json
import re
from dataclasses import dataclass, replace

import pytest

from gateway.model import Decision, Identity, Language, Missing, Organisation, Right
from gateway.pages.access import Lasting, MyAccess
from gateway.pages.render import Pages
from gateway.plan import Advice, Grant, RuleAccess, Switch
from tests.pages.conftest import GRANT, INDIENER, NOW, text_of
from tests.pages.test_error_response import golden, headers_of

LACKING = Decision(False, "own-reports", "right-missing", ((INDIENER,),))
ELSEWHERE = Decision(False, "register", "other-organisation")
ASK = Advice(((GRANT,),))
LABEL = {"nl": "Meldingen van uw organisatie", "en": "Reports of your organisation"}
UPLOADING = {"nl": "Meldingen opladen", "en": "Uploading reports"}
REACH = (
    RuleAccess("assets", "/static/**", Decision(True, "assets", "anyone"), ("GET", "HEAD")),
    RuleAccess("own-reports", "/organisaties/{kbo}/meldingen/**", LACKING, label=LABEL, advice=ASK),
    RuleAccess("own-lists", "/organisaties/{kbo}/lijsten/**", LACKING, label=LABEL, advice=ASK),
    RuleAccess("own-list", "/lijst", Decision(True, "own-list", "holds"), label=LABEL, until=NOW + 3_600),
    RuleAccess("upload", "/opladen", LACKING, label=UPLOADING, advice=ASK),
    RuleAccess("register", "/**", ELSEWHERE, advice=Advice(((GRANT,), (Switch("OVO999001"),)))),
)


@dataclass(frozen=True)
class Other:
    id: str
    device: str | None
    created_at: float
    seen_at: float


LASTING = Lasting(
    NOW + 36_000,
    1_800.0,
    (Other("a1", "Firefox/Windows", NOW - 7_200, NOW - 60), Other("b2", None, NOW - 90, NOW - 60)),
)


@pytest.fixture
def access(pages: Pages) -> MyAccess:
    return MyAccess(pages, public_url="https://register.test/")


@pytest.fixture
def reader(indiener: Identity) -> Identity:
    rights = (
        Right("OVAMGebruiker", "Bodemdossiers", "0456789034"),
        Right("OVAMGebruiker", "NonConformiteitenIndiener", "0777000187"),
        Right("OVAMGebruiker", "Bodemdossiers", "0456789034"),
    )
    return replace(indiener, rights=rights)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_in_words(access: MyAccess, reader: Identity, language: Language) -> None:
    answer = access.page(
        language,
        identity=reader,
        reach=REACH,
        lasting=LASTING,
        labels={("OVAMGebruiker", "NonConformiteitenIndiener"): INDIENER.label},
        request_id="3f2a9c1e",
    )
    assert answer.status_code == 200
    assert headers_of(answer)["cache-control"] == "no-store"
    golden(f"access.{language}.txt", text_of(answer.body))


def test_rules_and_paths_are_for_whoever_asks(access: MyAccess, reader: Identity) -> None:
    plain = access.page("en", identity=reader, reach=REACH, lasting=Lasting()).body.decode()
    for hidden in ("own-reports", "/static/**", "GET HEAD", "right-missing"):
        assert hidden not in plain
    full = access.page("en", identity=reader, reach=REACH, lasting=Lasting(), details=True).body.decode()
    for shown in ("own-reports", "/static/**", "GET HEAD", "right-missing"):
        assert shown in full


def test_each_right_and_each_way_stand_there_once(access: MyAccess, reader: Identity) -> None:
    text = text_of(access.page("nl", identity=reader, reach=REACH, lasting=Lasting()).body)
    assert text.count("'Bodemdossiers'") == 1
    assert text.count("Vraag dit aan") == 1
    assert "Voor: Meldingen van uw organisatie, Meldingen opladen, Andere pagina's" in text


def lacking(number: int) -> Missing:
    return Missing("right", "grant", f"R{number}", None, "0456789034")


def test_thousands_of_rules_make_no_long_page(access: MyAccess, reader: Identity) -> None:
    reach = [
        RuleAccess(
            f"r{number}",
            f"/{number}/**",
            Decision(False, f"r{number}", "x"),
            advice=Advice(((Grant(f"R{number}", None, "0456789034", lacking(number)),),)),
            label={"nl": f"Onderdeel {number}"},
        )
        for number in range(5_000)
    ]
    page = access.page("nl", identity=reader, reach=reach, lasting=Lasting(), details=True).body
    assert len(page) < 150_000
    assert "En nog 4900 onderdelen." in page.decode()


def test_other_devices_can_be_logged_out(access: MyAccess, reader: Identity) -> None:
    page = access.page("nl", identity=reader, reach=(), lasting=LASTING).body.decode()
    assert re.findall(r'name="session" value="(\w+)"', page) == ["a1", "b2"]
    assert page.count('<form method="post" action="/oauth2/sessions/end">') == 2


def test_as_data(access: MyAccess, reader: Identity) -> None:
    body = json.loads(access.data("nl", identity=reader, reach=REACH, expires_at=1_795_466_180.0).body)
    found = {rule["rule"]: rule for rule in body["rules"]}
    assert (found["assets"]["allowed"], found["own-reports"]["allowed"]) == (True, False)
    ((ask,),) = found["own-reports"]["plans"]
    assert ask["granted_by"]["nl"] == "de lokale beheerder van uw organisatie"
    switch = found["register"]["plans"][1][0]
    assert switch["url"].startswith("https://register.test/oauth2/switch?rd=%2Foauth2%2Faccess")
    assert body["expires_at"] == 1_795_466_180.0
    assert body["rights"][0] == {
        "right": "OVAMGebruiker",
        "context": "Bodemdossiers",
        "organisation": "0456789034",
    }
    nobody = json.loads(access.data("nl", identity=Identity("op", "s"), reach=()).body)
    assert nobody["organisation"] is None


def test_somebody_without_rights_or_names(access: MyAccess) -> None:
    who = Identity("op", "s-1", organisation=Organisation("OVO999001"))
    page = text_of(access.page("en", identity=who, reach=(), lasting=Lasting()).body)
    assert "You have no rights for this service." in page
    assert "s-1" in page
    assert "OVO999001" in page


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (Missing("network", "none"), "op kantoor of via VPN, en probeer het opnieuw."),
        (Missing("binding", "none"), "in een recente versie van Google Chrome"),
        (Missing("claim", "none", detail="function"), "Bel 1700 en vermeld de referentie onderaan."),
        (Missing("time", "wait", detail="8-17"), "kom terug binnen de openingsuren."),
        (Missing("rate", "wait"), "Probeer het over enkele minuten opnieuw."),
        (Missing("time", "none", detail="2026-10-31"), "Dit kunt u niet zelf regelen."),
        (Missing("other", "none", detail="x"), "Dit kunt u niet zelf regelen."),
    ],
)
def test_what_helps_is_said_as_on_the_page_of_a_denial(
    access: MyAccess, reader: Identity, missing: Missing, words: str
) -> None:
    closed = RuleAccess("one", "/a/**", Decision(False, "one", "x"), advice=Advice(obstacles=(missing,)))
    page = text_of(access.page("nl", identity=reader, reach=(closed,), lasting=Lasting()).body)
    assert words in page
    assert ("niet zelf regelen" in page) == ("niet zelf regelen" in words)
