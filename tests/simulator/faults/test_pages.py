"""Faults are switched by page and by JSON while the simulation runs; no other site can do so in somebody's browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.async_api import Browser, expect

from simulator.acm.state import AcmState
from simulator.faults import FAULTS, by_name
from simulator.faults.catalogue import CLOCK_AHEAD, RIGHT_REVOKED, TOKEN_FAILS, TOKEN_SLOW


@pytest.fixture
def client(acm: AcmState) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=acm.base, trust_env=False) as found:
        yield found
    acm.faults.clear()


def token(client: httpx2.Client) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/faults").text)
    assert found is not None
    return found[1]


def test_the_page_is_linked_and_lists_every_fault(client: httpx2.Client) -> None:
    assert 'href="/faults"' in client.get("/").text
    text = client.get("/faults").text
    assert "Simulatie" in text
    for fault in FAULTS:
        assert f'id="{fault.name}"' in text


def test_a_form_switches_a_fault(acm: AcmState, client: httpx2.Client) -> None:
    sent = {"csrf": token(client), "fault": "token-slow", "value": "2,5"}
    answer = client.post("/faults", data={**sent, "action": "on"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/faults#token-slow")
    assert acm.faults.seconds(TOKEN_SLOW) == 2.5
    client.post("/faults", data={**sent, "action": "off"})
    assert not acm.faults.is_on(TOKEN_SLOW)
    for name in ("token-slow", "keys-down"):
        acm.faults.switch_on(by_name(name))
    client.post("/faults", data={"csrf": sent["csrf"], "action": "clear"})
    assert acm.faults.active() == ()
    before = acm.keys.signing.kid
    client.post("/faults", data={"csrf": sent["csrf"], "action": "rotate"})
    assert acm.keys.signing.kid != before


@pytest.mark.parametrize(
    "sent",
    [
        {"fault": "token-fails", "action": "on"},
        {"fault": "token-fails", "action": "on", "csrf": "made.up"},
        {"fault": "token-fails", "action": "on", "csrf": "1"},
    ],
)
def test_a_form_of_another_site_switches_nothing(
    acm: AcmState, client: httpx2.Client, sent: dict[str, str]
) -> None:
    answer = client.post("/faults", data=sent)
    assert answer.status_code == 422
    assert "verlopen" in answer.text
    assert acm.faults.active() == ()


def test_what_was_typed_stays(acm: AcmState, client: httpx2.Client) -> None:
    sent = {"csrf": token(client), "fault": "clock-ahead", "action": "on", "value": "lang"}
    answer = client.post("/faults", data=sent)
    assert answer.status_code == 422
    assert 'value="lang"' in answer.text
    assert "hoogstens 86400" in answer.text
    unknown = client.post("/faults", data={**sent, "fault": "right-revoked", "value": "niemand"})
    assert "Niemand heet niemand" in unknown.text
    assert client.post("/faults", data={**sent, "fault": "nothing"}).status_code == 422
    assert acm.faults.active() == ()


def test_json_switches_a_fault(acm: AcmState, client: httpx2.Client) -> None:
    answer = client.put("/faults/right-revoked", json={"on": True, "value": "ovam"})
    assert answer.json() == {"name": "right-revoked", "on": True}
    assert acm.faults.text(RIGHT_REVOKED) == "ovam"
    listed = {each["name"]: each for each in client.get("/faults.json").json()}
    assert set(listed) == {fault.name for fault in FAULTS}
    assert listed["right-revoked"]["value"] == "ovam"
    assert client.put("/faults/right-revoked", json={"on": False}).json()["on"] is False


@pytest.mark.parametrize(
    ("name", "options", "status"),
    [
        ("unknown", {"json": {"on": True}}, 404),
        ("token-fails", {"json": {"on": True, "value": "5"}}, 422),
        ("clock-ahead", {"json": {"on": True, "value": -5}}, 422),
        ("right-revoked", {"json": {"on": True, "value": "niemand"}}, 422),
        ("token-fails", {"json": {"on": "yes"}}, 400),
        ("token-fails", {"json": ["on"]}, 400),
        ("token-fails", {"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ("token-fails", {"content": b'{"on": true}', "headers": {"content-type": "text/plain"}}, 400),
        ("token-fails", {"data": {"on": "true"}}, 400),
    ],
    ids=str,
)
def test_json_that_is_wrong_switches_nothing(
    acm: AcmState, client: httpx2.Client, name: str, options: dict[str, object], status: int
) -> None:
    answer = client.put(f"/faults/{name}", **options)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert answer.json()["error"]
    assert acm.faults.active() == ()


def test_keys_are_replaced_by_json_only(acm: AcmState, client: httpx2.Client) -> None:
    before = acm.keys.signing.kid
    assert client.post("/keys/rotate", data={"a": "b"}).status_code == 400
    assert acm.keys.signing.kid == before
    assert client.post("/keys/rotate", json={}).json()["kid"] == acm.keys.signing.kid != before


@pytest.mark.browser
async def test_the_page_is_used_by_keyboard(acm: AcmState, browser: Browser) -> None:
    context = await browser.new_context(base_url=acm.base, viewport={"width": 375, "height": 700})
    page = await context.new_page()
    await page.goto("/faults")
    assert await page.evaluate("document.documentElement.scrollWidth") == 375
    await page.get_by_role("button", name="Aanzetten: Het token-adres faalt").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Het token-adres faalt")
    assert acm.faults.is_on(TOKEN_FAILS)
    seconds = page.get_by_role("form", name="De klok van ACM loopt voor").get_by_label("Seconden")
    await seconds.fill("veel")
    await seconds.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("aantal seconden")
    await expect(seconds).to_be_focused()
    await seconds.fill("90")
    await seconds.press("Enter")
    await expect(page.get_by_role("button", name="Uitzetten: De klok van ACM loopt voor")).to_be_visible()
    assert acm.faults.seconds(CLOCK_AHEAD) == 90
    await page.get_by_role("button", name="Alle fouten uitzetten").click()
    await expect(page.get_by_role("status")).to_contain_text("Alle fouten staan uit")
    await context.close()
