"""The gateway's own pages that are no errors."""

import re
from pathlib import Path

import pytest

from gateway.errors import LoginFailed
from gateway.model import Language
from gateway.pages.branding import contrast
from gateway.pages.error_response import ErrorResponses
from gateway.pages.login_failures import LOGIN_FAILURES
from gateway.pages.render import Pages
from gateway.pages.screens import Screens
from tests.pages.conftest import Asks, text_of
from tests.pages.test_error_response import NASTY, headers_of


@pytest.fixture
def screens(pages: Pages) -> Screens:
    return Screens(pages, public_url="https://register.test/")


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
    assert html.count("<script") == 1, "only our own"
    assert "form-action 'self'" in headers_of(page)["content-security-policy"]
    text = text_of(page.body)
    assert "Containerdienst Peeters nv (0456.789.034)" in text
    assert "Het is nog niet verstuurd." in text
    assert "An Peeters" in text
    assert "13.20 uur" in text


@pytest.mark.parametrize("code", [*LOGIN_FAILURES, "id-token-nonce", "unheard-of"])
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


def test_every_text_can_be_read() -> None:
    style = (Path(__file__).parents[2] / "gateway" / "pages" / "style.css").read_text()
    light, dark = (dict(re.findall(r"--(\w+):(#[0-9a-f]+)", line)) for line in style.splitlines()[:2])
    pairs = [("ink", "ground"), ("ink", "paper"), ("soft", "ground"), ("soft", "paper"), ("link", "ground")]
    pairs += [("link", "paper"), ("white", "button"), ("white", "hover"), ("white", "banner")]
    pairs += [("ok", "paper"), ("no", "paper")]
    for colours in (light, light | dark):
        colour = {name: value if len(value) == 7 else "#ffffff" for name, value in colours.items()}
        colour["white"] = "#ffffff"
        assert [pair for pair in pairs if contrast(colour[pair[0]], colour[pair[1]]) < 4.5] == []
