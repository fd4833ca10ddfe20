"""The gateway's own pages that are no errors."""

import json
import re
from pathlib import Path

import pytest

from gateway.errors import LoginFailed
from gateway.model import Decision, Identity, Language, Organisation, Right
from gateway.pages.causes import CAUSES
from gateway.pages.error_response import ErrorResponses
from gateway.pages.render import Pages
from gateway.pages.screens import Screens
from gateway.plan import Advice, RuleAccess, Switch
from tests.pages.conftest import GRANT, INDIENER, Asks, text_of
from tests.pages.test_error_response import NASTY, golden, headers_of

REACH = (
    RuleAccess("assets", "/static/**", Decision(True, "assets", "anyone"), ("GET", "HEAD")),
    RuleAccess(
        "own-reports",
        "/organisaties/{kbo}/meldingen/**",
        Decision(False, "own-reports", "right-missing"),
        label={"nl": "Meldingen van uw organisatie", "en": "Reports of your organisation"},
        advice=Advice(((GRANT,),)),
    ),
    RuleAccess(
        "register",
        "/**",
        Decision(False, "register", "other-organisation"),
        advice=Advice(((GRANT,), (Switch("OVO999001"),))),
    ),
)


@pytest.fixture
def screens(pages: Pages) -> Screens:
    return Screens(pages, public_url="https://register.test/")


@pytest.fixture
def reader(indiener: Identity) -> Identity:
    return Identity(
        issuer="op",
        subject="s",
        given_name="Zoë",
        family_name="Peeters",
        doelgroep="EA",
        organisation=indiener.organisation,
        rights=(
            Right("OVAMGebruiker", "Bodemdossiers", "0456789034"),
            Right("OVAMGebruiker", "NonConformiteitenIndiener", "0777000187"),
        ),
    )


@pytest.mark.parametrize("language", ["nl", "en"])
def test_my_access_in_words(screens: Screens, reader: Identity, language: Language) -> None:
    answer = screens.access(
        language,
        identity=reader,
        reach=REACH,
        expires_at=1_795_466_180.0,
        labels={("OVAMGebruiker", "NonConformiteitenIndiener"): INDIENER.label},
        request_id="3f2a9c1e",
    )
    assert answer.status_code == 200
    assert headers_of(answer)["cache-control"] == "no-store"
    golden(f"access.{language}.txt", text_of(answer.body))


def test_my_access_as_data(screens: Screens, reader: Identity) -> None:
    answer = screens.access_data("nl", identity=reader, reach=REACH, expires_at=1_795_466_180.0)
    body = json.loads(answer.body)
    assert [(rule["rule"], rule["allowed"]) for rule in body["rules"]] == [
        ("assets", True),
        ("own-reports", False),
        ("register", False),
    ]
    assert body["rules"][1]["plans"][0][0]["granted_by"]["nl"] == "de lokale beheerder van uw organisatie"
    assert body["rules"][2]["plans"][0][0]["type"] == "grant"
    switch = body["rules"][2]["plans"][1][0]
    assert switch["url"] == "https://register.test/oauth2/switch?rd=%2Foauth2%2Faccess"
    assert body["expires_at"] == 1_795_466_180.0
    assert body["rights"][0] == {
        "right": "OVAMGebruiker",
        "context": "Bodemdossiers",
        "organisation": "0456789034",
    }
    nobody = json.loads(screens.access_data("nl", identity=Identity("op", "s"), reach=()).body)
    assert nobody["organisation"] is None


def test_somebody_without_rights(screens: Screens) -> None:
    page = text_of(screens.access("en", identity=Identity("op", "s-1"), reach=()).body)
    assert "You have no rights for this service." in page
    assert "s-1" in page


def test_logged_out(screens: Screens) -> None:
    everywhere = text_of(screens.logged_out("nl", everywhere=True).body)
    here = text_of(screens.logged_out("en", everywhere=False, lines=((b"set-cookie", b"x=1"),)).body)
    assert "ook bij de aanmelddienst" in everywhere
    assert "you may still be logged in" in here
    assert "Reference" not in here


def test_a_kept_form_is_sent_only_after_a_yes(screens: Screens) -> None:
    page = screens.confirm_resubmit(
        "nl",
        what=NASTY,
        action="/oauth2/resume",
        fields={"token": NASTY},
        until=1_764_159_600.0,
        name="An Peeters",
        organisation="Containerdienst Peeters nv (0456.789.034)",
        request_id="r",
    )
    html = page.body.decode()
    assert '<form method="post" action="/oauth2/resume">' in html
    assert '<input type="hidden" name="token" value="&lt;script&gt;alert(1)' in html
    assert "<script" not in html
    assert "form-action 'self'" in headers_of(page)["content-security-policy"]
    text = text_of(page.body)
    assert "Containerdienst Peeters nv (0456.789.034)" in text
    assert "Het is nog niet verstuurd." in text
    assert "An Peeters" in text
    assert "13:20" in text


@pytest.mark.parametrize("code", [*CAUSES, "id-token-nonce", "unheard-of"])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_stopped_loop_names_its_cause(
    answers: ErrorResponses, asks: Asks, language: Language, code: str
) -> None:
    error = LoginFailed("loop", cause=code, rounds=5, target="/meldingen?a=1")
    page = answers.error(error, request_id="r", request=asks(path="/oauth2/callback", language=language))
    text = text_of(page.body)
    assert code in text
    assert " 5 " in text
    assert 'href="/oauth2/start?rd=%2Fmeldingen%3Fa%3D1"' in page.body.decode()
    alone = text_of(answers.error(LoginFailed(code), request_id="r", request=asks(language=language)).body)
    happened = next(line for line in alone.splitlines()[4:])
    assert happened in text


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_text_can_be_read() -> None:
    style = (Path(__file__).parents[2] / "gateway" / "pages" / "style.css").read_text()
    colour = dict(re.findall(r"--(\w+):(#[0-9a-f]+)", style))
    colour |= {"white": "#ffffff", "banner": "#5a1a76", "hover": "#003e78"}
    assert "background:#5a1a76" in style
    pairs = [("ink", "ground"), ("ink", "paper"), ("soft", "ground"), ("soft", "paper"), ("link", "ground")]
    pairs += [("link", "paper"), ("white", "button"), ("white", "hover"), ("white", "banner")]
    pairs += [("ok", "paper"), ("no", "paper"), ("ink", "accent")]
    for text, ground in pairs:
        light, dark = sorted((luminance(colour[text]), luminance(colour[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_organisation_of_a_reader_without_name(screens: Screens) -> None:
    who = Identity("op", "s", organisation=Organisation("OVO999001"))
    assert "OVO999001" in text_of(screens.access("nl", identity=who, reach=()).body)
