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


@pytest.mark.parametrize("path", ["/echo", "/public/x"])
def test_what_differs_each_time_reaches_the_register_beside_what_came_before(
    gate: GatewayFixture, alice: Browser, path: str
) -> None:
    for number in ("1", "2", "3", "3", "3"):
        assert alice.call(path, referer=f"https://gw.test/{number}", **{"x-a": "b"}).status_code == 200
        headers = gate.upstream.seen[-1][2]
        assert (headers["referer"], headers["x-a"]) == (f"https://gw.test/{number}", "b")


def test_what_belongs_to_the_connection_stays_whatever_came_before(
    gate: GatewayFixture, alice: Browser
) -> None:
    for number in ("1", "2", "2", "2"):
        alice.call("/echo", connection="keep-alive, referer", referer=f"https://gw.test/{number}")
        assert "referer" not in gate.upstream.seen[-1][2]
