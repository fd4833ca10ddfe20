"""The headers that the register gets."""

from __future__ import annotations

import pytest

from tests.gateway_fixture import Browser, GatewayFixture


@pytest.mark.parametrize("name", ["x-forwarded-user", "X_Forwarded_User", "x-auth-rights", "remote-user"])
def test_no_spelling_of_an_identity_header_passes(
    gate: GatewayFixture, alice: Browser, nobody: Browser, name: str
) -> None:
    for browser, path in ((alice, "/echo"), (nobody, "/public/x")):
        assert browser.call(path, **{name: "forged"}).status_code == 200
        assert "forged" not in gate.upstream.seen[-1][2].values()


def test_an_identity_comes_with_a_signed_assertion(gate: GatewayFixture, alice: Browser) -> None:
    alice.call("/echo")
    headers = gate.upstream.seen[-1][2]
    assert headers["x-forwarded-user"] == "alice"
    assert headers["x-toegangspoort-assertion"].count(".") == 2


def test_nobody_has_no_assertion(gate: GatewayFixture, nobody: Browser) -> None:
    nobody.call("/public/x", **{"x-toegangspoort-assertion": "forged"})
    assert "x-toegangspoort-assertion" not in gate.upstream.seen[-1][2]
