"""Which requests the gateway answers itself."""

from __future__ import annotations

import pytest

from tests.gateway_fixture import Browser, GatewayFixture


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
