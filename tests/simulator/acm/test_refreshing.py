"""Refresh tokens: only where asked for, each used once, for a limited time."""

from __future__ import annotations

import pytest

from simulator.acm.records import REFRESH_SECONDS
from simulator.acm.state import AcmState
from simulator.faults.catalogue import RIGHT_REVOKED
from tests.simulator.acm.conftest import MakeParty
from tests.simulator.acm.relying_party import Clock, RelyingParty

OFFLINE = "openid vo ovam offline_access"


def refresh(client: RelyingParty, token: str, **more: str) -> tuple[int, dict[str, str]]:
    answer = client.token(grant_type="refresh_token", refresh_token=token, **more)
    return answer.status_code, answer.json()


def refusal(answer: tuple[int, dict[str, str]]) -> tuple[int, str]:
    status, body = answer
    return status, body["error"]


def test_a_refresh_token_comes_with_offline_access(web: RelyingParty) -> None:
    body = web.redeem(web.code(scope=OFFLINE)).json()
    assert body["refresh_token"]
    assert body["scope"] == "vo ovam offline_access"
    assert "refresh_token" not in web.redeem(web.code()).json()


def test_refreshing_rotates_and_each_token_works_once(web: RelyingParty) -> None:
    first = web.redeem(web.code(scope=OFFLINE)).json()
    status, second = refresh(web, first["refresh_token"])
    assert status == 200
    assert set(second) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert second["scope"] == "vo ovam offline_access"
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert web.userinfo(second["access_token"]).status_code == 200
    assert refusal(refresh(web, first["refresh_token"])) == (400, "invalid_grant")
    assert refresh(web, second["refresh_token"])[0] == 200


def test_the_window_begins_at_the_login_and_its_end_is_an_invalid_request(
    web: RelyingParty, clock: Clock
) -> None:
    token = web.redeem(web.code(scope=OFFLINE)).json()["refresh_token"]
    clock.now += REFRESH_SECONDS - 1
    status, body = refresh(web, token)
    assert status == 200
    clock.now += 1
    assert refusal(refresh(web, body["refresh_token"])) == (400, "invalid_request")


def test_scopes_can_be_given_up_but_not_added(web: RelyingParty) -> None:
    token = web.redeem(web.code(scope=OFFLINE)).json()["refresh_token"]
    assert refusal(refresh(web, token, scope=f"{OFFLINE} rrn")) == (400, "invalid_scope")
    status, body = refresh(web, token, scope="openid vo")
    assert (status, body["scope"]) == (200, "vo")
    assert "ovam_rol_3d" not in web.userinfo(body["access_token"]).json()


@pytest.mark.parametrize("token", ["unknown", ""])
def test_an_unknown_token_refreshes_nothing(web: RelyingParty, token: str) -> None:
    assert refresh(web, token)[0] == 400


def test_another_clients_token_refreshes_nothing(web: RelyingParty, party: MakeParty) -> None:
    token = web.redeem(web.code(scope=OFFLINE)).json()["refresh_token"]
    assert refusal(refresh(party("portaal"), token)) == (400, "invalid_grant")
    assert refresh(web, token)[0] == 200


def test_a_right_that_ended_is_gone_after_refreshing(acm: AcmState, web: RelyingParty) -> None:
    body = web.redeem(web.code(scope=OFFLINE)).json()
    assert "ovam_rol_3d" in web.userinfo(body["access_token"]).json()
    acm.faults.switch_on(RIGHT_REVOKED, "indiener")
    try:
        _, fresh = refresh(web, body["refresh_token"])
        assert "ovam_rol_3d" not in web.userinfo(fresh["access_token"]).json()
    finally:
        acm.faults.clear()


def test_who_lost_the_capacity_refreshes_nothing(acm: AcmState, party: MakeParty) -> None:
    client = party("met-recht")
    token = client.redeem(client.code(scope=OFFLINE)).json()["refresh_token"]
    acm.faults.switch_on(RIGHT_REVOKED, "indiener")
    try:
        assert refusal(refresh(client, token)) == (400, "invalid_request")
    finally:
        acm.faults.clear()
