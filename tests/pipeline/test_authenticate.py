"""Who sent the request: a session, nobody, or a session that has to be found out about."""

from __future__ import annotations

import pytest

from tests.gateway_fixture import Browser, GatewayFixture


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
