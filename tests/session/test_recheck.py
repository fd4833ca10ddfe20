"""Rights that end in mid-session: by refresh token, by a silent login, and when the provider does not answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from gateway.errors import ProviderUnavailable
from gateway.model import Identity, Tokens
from gateway.session.memory import MemoryStore
from gateway.session.recheck import Recheck
from gateway.session.settings import SessionSettings
from tests.gateway_fixture import CALL, Browser, GatewayFixture, scripted_gateway
from tests.session.conftest import Clock
from tests.session.test_sessions import TOKENS, WHO, start
from tests.waiting import until

SCRIPT = {"x-requested-with": "test"}
RECHECK, GRACE = 900.0, 600.0
# When a session may not go on before the provider has answered.
LATE = RECHECK + GRACE + 1


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    times = {
        "recheck": "15m",
        "recheck_grace": "10m",
        "idle_timeout": "8h",
        "max_lifetime": "7d",
        "cache_ttl": "2s",
    }
    with scripted_gateway(tmp_path_factory.mktemp("recheck"), session=times) as found:
        yield found


@pytest.fixture
def gate(stage: GatewayFixture) -> Iterator[GatewayFixture]:
    """The scene with a provider that does nothing odd."""
    script = (
        dict(stage.op.claims),
        dict(stage.op.answers),
        dict(stage.op.token_answer),
        dict(stage.op.discovery),
    )
    stage.op.seen.clear()
    yield stage
    stage.op.claims, stage.op.answers, stage.op.token_answer, stage.op.discovery = script
    stage.clock.ahead += 60.0  # the pause after a provider that did not answer


@pytest.fixture
def browser(gate: GatewayFixture) -> Iterator[Browser]:
    with gate.browser() as found:
        found.log_in()
        yield found


def test_a_recheck_that_changes_nothing_goes_unnoticed(gate: GatewayFixture, browser: Browser) -> None:
    before = gate.ticket(browser)
    gate.clock.ahead += RECHECK - 1
    assert browser.call("/filed/1").status_code == 200
    assert gate.op.seen["token"] == 1
    gate.clock.ahead += GRACE + 2
    for _ in range(3):
        answer = browser.call("/filed/1")
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert gate.op.seen["token"] == 2
    assert gate.ticket(browser) == before


def test_a_clock_that_is_set_back_puts_no_recheck_off(gate: GatewayFixture, browser: Browser) -> None:
    gate.op.claims["ovam_rol_3d"] = []
    before = gate.op.seen["token"]
    gate.clock.ahead -= 3_600.0
    try:
        assert browser.call("/filed/1").status_code == 200, "within the grace nobody waits"
        assert until(lambda: gate.op.seen["token"] == before + 1)
        for _ in range(3):
            browser.call("/filed/1")
        assert gate.op.seen["token"] == before + 1, "once checked by the clock as it is, it is checked"
    finally:
        gate.clock.ahead += 3_600.0


def test_a_right_that_ended_is_gone_and_the_ticket_is_new(gate: GatewayFixture, browser: Browser) -> None:
    before = gate.ticket(browser)
    gate.op.claims["ovam_rol_3d"] = []
    assert browser.call("/filed/1").status_code == 200
    gate.clock.ahead += LATE
    answer = browser.call("/filed/1")
    assert answer.status_code == 403
    after = gate.ticket(browser)
    assert after not in (None, before)
    assert browser.call("/echo").status_code == 200
    answer = gate.with_ticket(before, "/filed/1")
    assert answer.status_code == 403
    assert f"={after};" in answer.headers["set-cookie"]
    gate.clock.ahead += 61
    assert gate.with_ticket(before, "/echo").status_code == 401


def test_a_right_that_was_given_is_there(gate: GatewayFixture, browser: Browser) -> None:
    more = [*gate.op.claims["ovam_rol_3d"], "OVAMGebruiker-NonConformiteitenLezer:0428315871"]
    gate.op.claims["ovam_rol_3d"] = more
    gate.clock.ahead += LATE
    answer = browser.call("/filed/1")
    assert "Lezer" in answer.json()["rights"]
    assert "set-cookie" in answer.headers


def test_without_an_id_token_userinfo_tells(gate: GatewayFixture, browser: Browser) -> None:
    gate.op.token_answer["id_token"] = "absent"
    gate.op.userinfo = {"vo_orgcode": "0428315871"}
    gate.clock.ahead += LATE
    assert browser.call("/filed/1").status_code == 403
    assert browser.call("/echo").status_code == 200
    assert gate.op.seen["userinfo"] == 1


def test_an_answer_about_somebody_else_is_believed_by_nobody(gate: GatewayFixture, browser: Browser) -> None:
    gate.op.claims["sub"] = "mallory"
    gate.clock.ahead += LATE
    answer = browser.call("/echo")
    assert (answer.status_code, answer.json()["code"]) == (401, "reauthenticate")


@pytest.mark.parametrize(
    "changed", [{"vo_orgcode": "0456789034"}, {"vo_orgcode": ""}, {"vo_doelgroepcode": "LB"}]
)
def test_nobody_goes_on_for_an_organisation_that_they_did_not_choose(
    gate: GatewayFixture, browser: Browser, changed: dict[str, str]
) -> None:
    organisation = changed.get("vo_orgcode", "0428315871")
    rights = {"ovam_rol_3d": [f"OVAMGebruiker-NonConformiteitenIndiener:{organisation}"]}
    gate.op.claims.update(changed | rights)
    gate.clock.ahead += LATE
    answer = browser.post("/filed/1", headers=CALL)
    assert (answer.status_code, answer.json()["code"]) == (401, "reauthenticate")
    browser.log_in()
    assert browser.call("/echo").status_code == 200


def test_the_end_of_the_window_means_a_login(gate: GatewayFixture, browser: Browser) -> None:
    gate.op.refresh_tokens.clear()
    gate.clock.ahead += LATE
    refused = browser.call("/echo/background")
    assert (refused.status_code, refused.json()["code"]) == (401, "reauthenticate")
    assert refused.json()["login_url"].startswith(f"{gate.url}/oauth2/start?rd=")
    assert browser.call("/public/x").status_code == 200
    onward = browser.page("/echo/page?x=1")
    assert onward.headers["location"].startswith(f"{gate.op.issuer}/v1/auth")
    before = gate.ticket(browser)
    back = browser.through_provider(onward)
    assert back.headers["location"] == "/echo/page?x=1"
    assert gate.ticket(browser) != before
    assert browser.call("/echo/background").status_code == 200
    assert gate.op.seen["token"] == 3


def test_without_refresh_tokens_the_next_page_asks_silently(gate: GatewayFixture, browser: Browser) -> None:
    gate.op.token_answer["refresh_token"] = "absent"
    browser.log_in()
    gate.clock.ahead += RECHECK - 1
    assert browser.page("/echo").status_code == 200
    gate.clock.ahead += 2
    assert browser.call("/echo").status_code == 401
    form = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    assert browser.post("/echo", content=b"a=1", headers=form).status_code == 200
    assert browser.post("/echo", content=b"a=1", headers=form | CALL).status_code == 401
    gate.op.claims["ovam_rol_3d"] = []
    back = browser.through_provider(browser.page("/filed/1"))
    assert browser.page(back.headers["location"]).status_code == 403


def test_a_provider_that_is_down_ends_nothing_within_the_grace(
    gate: GatewayFixture, browser: Browser
) -> None:
    down = lambda _form: JSONResponse({"error": "server_error"}, 503)  # noqa: E731
    gate.op.answers["token"] = down
    gate.clock.ahead += RECHECK + 1
    for _ in range(3):
        assert browser.call("/filed/1").status_code == 200
        assert browser.page("/filed/1").status_code == 200
    assert gate.op.seen["token"] == 2, "a provider that just failed is left in peace for a while"
    gate.clock.ahead += GRACE
    answer = browser.call("/filed/1")
    assert (answer.status_code, answer.json()["code"]) == (503, "provider-unavailable")
    assert browser.call("/public/x").status_code == 200
    del gate.op.answers["token"]
    gate.clock.ahead += 6
    assert browser.call("/filed/1").status_code == 200


def test_a_browser_is_not_sent_to_a_provider_that_is_down(gate: GatewayFixture, browser: Browser) -> None:
    gate.op.token_answer["refresh_token"] = "absent"
    browser.log_in()
    gate.op.answers["discovery"] = lambda _headers: JSONResponse({}, 503)
    gate.clock.ahead += RECHECK + 1
    assert browser.page("/filed/1").status_code == 200
    gate.clock.ahead += GRACE
    assert browser.page("/filed/1").status_code in (302, 503)


def test_the_session_ends_at_its_time_whatever_is_renewed(gate: GatewayFixture, browser: Browser) -> None:
    for _ in range(30):
        gate.clock.ahead += 7 * 3600
        last = browser.call("/echo")
        if last.status_code == 401:
            break
    assert last.json()["code"] == "login-required"


def test_a_logout_during_a_recheck_wins(gate: GatewayFixture, browser: Browser) -> None:
    ticket = str(gate.ticket(browser))
    gate.op.claims["ovam_rol_3d"] = []
    gate.clock.ahead += LATE

    def log_out_meanwhile(_form: dict[str, str]) -> None:
        assert gate.with_ticket(ticket, "/oauth2/logout/local", "POST").status_code == 200

    gate.op.answers["token"] = log_out_meanwhile  # type: ignore[assignment]
    assert browser.call("/echo").status_code == 401
    assert gate.with_ticket(ticket, "/echo").status_code == 401


def test_within_the_grace_no_request_waits_for_the_provider(gate: GatewayFixture, browser: Browser) -> None:
    before = gate.ticket(browser)
    asked, go_on = threading.Event(), threading.Event()

    def slowly(_form: dict[str, str]) -> None:
        asked.set()
        assert go_on.wait(60)

    gate.op.answers["token"] = slowly  # type: ignore[assignment]
    gate.op.claims["ovam_rol_3d"] = []
    gate.clock.ahead += RECHECK + 1
    for _ in range(3):
        answer = browser.call("/filed/1")
        assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
        assert asked.wait(60)
    go_on.set()
    # A front-end that asks for it gets the session as it is after the recheck.
    assert gate.with_ticket(before, "/oauth2/session/refresh", "POST", **SCRIPT).status_code == 200
    assert gate.op.seen["token"] == 2
    gate.clock.ahead += 120
    answer = browser.call("/filed/1")
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, True)
    assert gate.ticket(browser) != before


def test_a_refresh_does_not_go_on_with_a_session_that_needs_a_login(
    gate: GatewayFixture, browser: Browser
) -> None:
    gate.op.refresh_tokens.clear()
    gate.clock.ahead += RECHECK + 1
    refused = browser.post("/oauth2/session/refresh", headers=CALL | SCRIPT)
    assert (refused.status_code, refused.json()["code"]) == (401, "reauthenticate")


@pytest.mark.anyio
async def test_a_clock_that_is_set_back_does_not_stretch_the_pause_after_a_failure(tmp_path: Path) -> None:
    clock, steady = Clock(), Clock(0.0)
    sessions = await start(tmp_path, MemoryStore(), clock)
    asked: list[float] = []

    async def renew(_identity: Identity, _tokens: Tokens) -> tuple[Identity, Tokens] | None:
        asked.append(clock.now)
        raise ProviderUnavailable("down")

    async def reachable() -> bool:
        return False

    settings = SessionSettings.model_validate({"store": "memory:", "key": "file:x"})
    rechecks = Recheck(
        settings, sessions, renew=renew, reachable=reachable, patience=0.0, clock=clock, steady=steady
    )
    for set_by in (0.0, -3_600.0):
        clock.now += set_by
        session, ticket = await sessions.create(WHO, TOKENS)
        await rechecks.renewed(ticket, session, younger_than=clock.now + 1.0)
        steady.now += 6.0
    assert len(asked) == 2
    await rechecks.aclose()
    await sessions.aclose()
