"""Who sent the request: a session, nobody, or a session that has to be found out about."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway_fixture import Browser, GatewayFixture, scripted_gateway


def test_a_session_gives_the_register_an_identity(alice: Browser) -> None:
    assert alice.call("/echo").json()["user"] == "alice"


@pytest.mark.parametrize("ticket", ["x", "", "A" * 43, "a b"])
def test_a_ticket_that_does_not_hold_counts_as_none(gate: GatewayFixture, ticket: str) -> None:
    assert gate.with_ticket(ticket, "/public/x").json()["user"] is None
    assert gate.with_ticket(ticket, "/echo").status_code == 401


def test_what_never_was_a_ticket_is_removed(gate: GatewayFixture) -> None:
    removed = gate.with_ticket("nonsense", "/public/x").headers["set-cookie"]
    assert removed.startswith(f"{gate.session_cookie}=; Max-Age=0")
    assert "set-cookie" not in gate.with_ticket("A" * 43, "/public/x").headers


def test_bearer_tokens_are_the_registers_business_where_no_machines_are_configured(
    gate: GatewayFixture, alice: Browser
) -> None:
    response = alice.call("/echo", authorization="Bearer of-the-application")
    assert response.status_code == 200
    assert gate.upstream.seen[-1][2]["authorization"] == "Bearer of-the-application"


def test_a_page_that_is_fetched_ahead_of_time_does_not_use_the_session(tmp_path: Path) -> None:
    with scripted_gateway(tmp_path, session={"idle_timeout": "10m"}) as gate, gate.browser() as alice:
        alice.log_in()
        ahead = {"sec-purpose": "prefetch;prerender"}
        gate.clock.ahead += 400
        assert alice.page("/echo", **ahead).status_code == 200
        gate.clock.ahead += 300
        answer = alice.page("/echo", **ahead)
        assert (answer.status_code, answer.json()["code"]) == (401, "login-required")
        assert "set-cookie" not in answer.headers


def test_a_page_that_is_fetched_ahead_of_time_asks_the_provider_nothing(tmp_path: Path) -> None:
    with scripted_gateway(tmp_path, session={"recheck": "10m"}) as gate, gate.browser() as alice:
        alice.log_in()
        gate.clock.ahead += 601
        asked = sum(gate.op.seen.values())
        answer = alice.page("/echo", **{"x-moz": "prefetch"})
        assert (answer.status_code, answer.json()["code"]) == (401, "reauthenticate")
        assert "set-cookie" not in answer.headers
        assert sum(gate.op.seen.values()) == asked
