"""Rules that need a stronger login: who is sent for one, what is asked, and where it ends."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.auth.scripted_provider import ScriptedProvider
from tests.gateway_fixture import PRESSED, Browser, GatewayFixture, StillClock, whole_gateway

EID, ITSME, SMS = (f"urn:be:vlaanderen:authmech:{name}" for name in ("eid", "itsme", "csamsms"))
RULES = [
    {"id": "strong", "match": {"path": "/strong/**"}, "require": [{"assurance": {"level": 27}}]},
    {
        "id": "strong-or-right",
        "match": {"path": "/either/**"},
        "require": [{"any": [{"assurance": {"any_of": ["eid"]}}, {"right": {"right": "indiener"}}]}],
    },
    {
        "id": "strong-and-right",
        "match": {"path": "/both/**"},
        "require": [{"assurance": {"any_of": ["eid"]}}, {"right": {"right": "indiener"}}],
    },
    {"id": "echo", "match": {"path": "/**"}, "require": ["authenticated"]},
]


def make_whole(folder: Path, op: ScriptedProvider, clock: StillClock) -> Any:
    return whole_gateway(folder, op, clock, rules=RULES)


@pytest.fixture
def clock(whole: GatewayFixture) -> Any:
    return whole.clock


@pytest.fixture
def op(whole: GatewayFixture) -> ScriptedProvider:
    return whole.op


def asked(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def with_means(op: ScriptedProvider, acr: str | None) -> None:
    op.claims["acr"] = acr


def weakly_logged_in(whole: GatewayFixture) -> Browser:
    visitor = whole.browser()
    with_means(whole.op, None)
    visitor.log_in()
    assert visitor.go("/echo").status_code == 200
    return visitor


def explained(visitor: Browser, target: str) -> httpx2.Response:
    """Go to a page that explains why it needs a stronger login, and on from there: the redirect to the provider."""
    page = visitor.go(target)
    assert page.status_code == 403
    assert "/oauth2/start?rd=" in page.text
    link = page.text.partition('href="/oauth2/start')[2].partition('"')[0].replace("&amp;", "&")
    return visitor.go(f"/oauth2/start{link}", headers=PRESSED)


def test_nobody_is_asked_for_the_means_at_once(whole: GatewayFixture) -> None:
    answer = whole.browser().go("/strong/page")
    wanted = asked(answer)["acr_values"].split()
    assert wanted[0] == EID
    assert ITSME in wanted
    assert SMS not in wanted
    assert "acr_values" not in asked(whole.browser().go("/echo"))
    assert "acr_values" not in asked(whole.browser().go("/either/page")), "a right would do as well"
    assert asked(whole.browser().go("/both/page"))["acr_values"] == EID


def test_a_weak_session_comes_back_stronger_to_the_page(whole: GatewayFixture) -> None:
    visitor = weakly_logged_in(whole)
    before = dict(visitor.cookies)
    page = visitor.go("/strong/page?x=1")
    assert "Deze pagina is extra beveiligd" in page.text
    assert "tgp-ti-session" in visitor.cookies
    onward = explained(visitor, "/strong/page?x=1")
    assert EID in asked(onward)["acr_values"]
    with_means(whole.op, ITSME)
    back = visitor.go(visitor.at_provider(onward))
    assert back.headers["location"] == "/strong/page?x=1"
    assert visitor.go("/strong/page?x=1").status_code == 200
    assert visitor.cookies["tgp-ti-session"] != before["tgp-ti-session"]
    visitor.cookies = before
    assert visitor.go("/echo", headers={}).status_code == 401, "the weaker session ended"


def test_a_right_that_lacks_is_told_and_nobody_is_sent_round(whole: GatewayFixture) -> None:
    visitor = weakly_logged_in(whole)
    assert visitor.go("/both/page").status_code == 403
    assert EID in asked(explained(visitor, "/either/page"))["acr_values"]


@pytest.mark.parametrize("acr", [SMS, None])
def test_still_too_weak_ends_on_the_denial_with_a_link(whole: GatewayFixture, acr: str | None) -> None:
    visitor = weakly_logged_in(whole)
    with_means(whole.op, acr)
    back = visitor.go(visitor.at_provider(explained(visitor, "/strong/page")))
    assert back.headers["location"] == "/strong/page", "the session that there was goes on"
    denied = visitor.go("/strong/page")
    assert denied.status_code == 403
    assert "/oauth2/start?rd=%2Fstrong%2Fpage&amp;acr_values=urn%3Abe" in denied.text
    link = denied.text.partition('href="/oauth2/start')[2].partition('"')[0].replace("&amp;", "&")
    again = visitor.go(f"/oauth2/start{link}", headers=PRESSED)
    assert EID in asked(again)["acr_values"].split()
    with_means(whole.op, EID)
    visitor.go(visitor.at_provider(again))
    assert visitor.go("/strong/page").status_code == 200


def test_a_provider_that_refuses_does_not_make_a_loop(whole: GatewayFixture) -> None:
    visitor = weakly_logged_in(whole)
    whole.op.callback = {"code": None, "error": "access_denied"}
    visitor.go(visitor.at_provider(explained(visitor, "/strong/page")))
    denied = visitor.go("/strong/page")
    assert denied.status_code == 403
    assert "Deze pagina is extra beveiligd" not in denied.text


def test_an_environment_can_send_people_at_once(
    tmp_path: Path, op: ScriptedProvider, clock: StillClock
) -> None:
    settings = {"step_up": "at-once"}
    with whole_gateway(tmp_path, op, clock, rules=RULES, provider_settings=settings) as whole:
        visitor = weakly_logged_in(whole)
        assert EID in asked(visitor.go("/strong/page"))["acr_values"]


def test_background_calls_are_told_what_would_help(whole: GatewayFixture) -> None:
    visitor = weakly_logged_in(whole)
    answer = visitor.go("/strong/data", headers={"accept": "application/json"})
    assert answer.status_code == 403
    missing = answer.json()["missing"][0][0]
    assert missing["remedy"] == "step_up"
    assert ITSME in missing["acr_values"]
    assert f"acr_values={EID.replace(':', '%3A')}" in answer.json()["plans"][0][0]["url"]
    nobody = whole.browser().go("/strong/data", headers={"accept": "application/json"})
    assert nobody.status_code == 401
    assert "acr_values=urn%3Abe" in nobody.json()["login_url"]


def test_links_for_a_stronger_or_targeted_login(whole: GatewayFixture) -> None:
    visitor = whole.browser()
    query = asked(visitor.go(f"/oauth2/start?rd=/echo&acr_values={SMS}+{EID}"))
    assert set(query["acr_values"].split()) == {SMS, EID}
    query = asked(visitor.go("/oauth2/start?rd=/echo&doelgroep=EA&organisation=0428315871"))
    assert json.loads(b64decode(query["login_hint"])) == {"cap_hint": "EA", "code_hint": "0428315871"}
    query = asked(visitor.go("/oauth2/start?doelgroep=GID"))
    assert json.loads(b64decode(query["login_hint"])) == {"cap_hint": "GID"}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("acr_values=urn:x:nothing", "acr-values"),
        (f"acr_values={EID}+urn:x", "acr-values"),
        (f"acr_values={EID}&acr_values={SMS}", "parameter-repeated"),
        ("organisation=0428315871", "login-hint"),
        ("doelgroep=XX", "login-hint"),
        ("doelgroep=EA&organisation=0428.315.871", "login-hint"),
        ("doelgroep=EA&organisation=%0d%0a", "login-hint"),
    ],
)
def test_links_that_make_no_sense(whole: GatewayFixture, query: str, reason: str) -> None:
    answer = whole.browser().go(f"/oauth2/start?rd=/echo&{query}", headers={"accept": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["reason"] == reason


def test_a_minimum_for_everybody_cannot_be_lowered_by_a_link(
    tmp_path: Path, op: ScriptedProvider, clock: StillClock
) -> None:
    with whole_gateway(tmp_path, op, clock, provider_settings={"minimum_level": 27}) as whole:
        query = asked(whole.browser().go(f"/oauth2/start?rd=/echo&acr_values={SMS}"))
        assert SMS not in query["acr_values"]
        visitor = whole.browser()
        with_means(op, SMS)
        answer = visitor.log_in()
        assert answer.status_code == 400
        assert "id-token-acr" in answer.text


def test_levels_of_ones_own(tmp_path: Path, op: ScriptedProvider, clock: StillClock) -> None:
    own = {"urn:x:strong": 30, "urn:x:weak": 10}
    with whole_gateway(tmp_path, op, clock, provider_settings={"levels": own}, rules=RULES[:1]) as whole:
        assert asked(whole.browser().go("/strong/page"))["acr_values"] == "urn:x:strong"
