"""Which requests the gateway answers itself."""

from __future__ import annotations

from html import unescape

import pytest

from tests.gateway_fixture import CALL, Browser, GatewayFixture


@pytest.mark.parametrize(
    ("path", "status"),
    [("/oauth2/session", 200), ("/oauth2/nothing", 404), ("/oauth2", 404), ("/.well-known/jwks.json", 200)],
)
def test_own_paths_never_reach_the_register(
    gate: GatewayFixture, alice: Browser, path: str, status: int
) -> None:
    gate.upstream.seen.clear()
    assert alice.call(path).status_code == status
    assert not gate.upstream.seen


@pytest.mark.parametrize("path", ["/oauth2x", "/.well-known/other", "/x/oauth2"])
def test_all_other_paths_are_judged_by_the_rules(gate: GatewayFixture, alice: Browser, path: str) -> None:
    assert alice.call(path).json()["target"] == path


@pytest.mark.parametrize("path", ["/oauth2/start", "/oauth2/callback", "/oauth2/resume"])
def test_a_head_neither_begins_nor_uses_up_a_login(alice: Browser, path: str) -> None:
    response = alice.request("HEAD", path)
    assert (response.status_code, response.headers["allow"]) == (405, "GET")


def test_a_call_that_was_refused_is_judged_again_for_the_page(gate: GatewayFixture, alice: Browser) -> None:
    faces = {**CALL, "faces-request": "partial/ajax"}
    body = alice.post("/closed/x", headers=faces, content=b"a=b").text
    address = unescape(body.partition('url="')[2].partition('"')[0])
    assert address == "/oauth2/refused?method=POST&target=/closed/x"
    gate.upstream.seen.clear()
    page = alice.page(address, referer=f"{gate.url}/echo")
    assert (page.status_code, page.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert "alleen toegankelijk vanaf bepaalde netwerken" in page.text
    (record,) = gate.records_with(page.headers["x-request-id"])
    assert (record["endpoint"], record["path"], record["rule"]) == ("/oauth2/refused", "/closed/x", "closed")
    allowed = alice.page("/oauth2/refused?method=DELETE&target=/echo%3Fa%3D1")
    assert (allowed.status_code, allowed.headers["location"]) == (302, "/echo?a=1")
    assert not gate.upstream.seen


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 404),
        ("method=GET&target=/oauth2/sign_out", 404),
        ("method=GET&target=https://elsewhere.test/", 404),
        ("method=GET&target=/a/../b", 400),
        ("method=TRACE&target=/a", 405),
        ("method=GET%0D%0AX&target=/a", 400),
    ],
)
def test_only_a_call_to_the_register_is_judged_again(alice: Browser, query: str, status: int) -> None:
    assert alice.page(f"/oauth2/refused?{query}").status_code == status
    assert alice.logged_in


def test_what_is_fetched_ahead_of_time_sends_no_kept_form(gate: GatewayFixture, alice: Browser) -> None:
    form = f"/echo?tgp-form={'a' * 20}"
    alice.cookies[f"tgp-{gate.name}-form-{'a' * 20}"] = "x"
    kind = {"content-type": "application/x-www-form-urlencoded", "sec-purpose": "prefetch"}
    answer = alice.post(form, content=b"tgp-token=" + b"0" * 64, headers=kind)
    assert (answer.status_code, answer.json()["reason"]) == (400, "prefetch")
