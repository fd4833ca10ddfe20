"""nginx keeps permissions for as long as the gateway says, and nothing else."""

from __future__ import annotations

from typing import Any

from tests.fronts.conftest import USER
from tests.gateway_fixture import Browser, GatewayFixture


def _ids(gateway: GatewayFixture) -> list[str]:
    """The ids of the decisions that the register was given."""
    return [
        line.split(": ")[1]
        for head in gateway.upstream.begun
        for line in head.decode("latin-1").split("\r\n")
        if line.lower().startswith("x-request-id: ")
    ]


def test_a_permission_is_used_again_for_the_same_request_alone(behind_nginx: GatewayFixture) -> None:
    gateway = behind_nginx
    gateway.op.claims.update(USER)
    with gateway.browser() as alice, gateway.browser() as stranger:
        alice.log_in("/app/x")
        for _ in range(3):
            assert alice.call("/filed/cached").status_code == 200
        assert len(set(_ids(gateway))) == 1
        assert alice.call("/filed/cached?other").status_code == 200
        assert len(set(_ids(gateway))) == 2
        # what changes something is asked each time
        gateway.upstream.clear()
        for _ in range(2):
            assert alice.request("PUT", "/filed/cached").status_code == 200
        assert len(set(_ids(gateway))) == 2
        assert stranger.call("/filed/cached").status_code == 401


def test_no_cookie_can_stand_for_another_address(behind_nginx: GatewayFixture) -> None:
    """The parts of the key cannot run into one another."""
    port = behind_nginx.port
    for mark in ("|", " ", "%0a", "\\n"):
        behind_nginx.client.get(
            f"http://localhost:{port}/public/x", headers={"cookie": f"a{mark}GET{mark}/filed/1{mark}z"}
        )
        answer = behind_nginx.client.get(f"http://localhost:{port}/filed/1{mark}zGET{mark}/public/x")
        assert answer.status_code in (400, 401), mark


def test_the_register_gets_the_headers_of_this_client(behind_nginx: GatewayFixture) -> None:
    """Also those that another rule changes, which the permission says: that of one client is not for another."""
    gateway = behind_nginx
    sent = [{"x-tenant": "one", "x-csrf-token": "1"}, {"x-tenant": "two"}, {}] * 2
    for headers in sent:
        assert gateway.client.get(gateway.url + "/public/tenants", headers=headers).status_code == 200
    for headers, head in zip(sent, gateway.upstream.begun, strict=True):
        pairs = (line.split(": ") for line in head.decode("latin-1").lower().split("\r\n")[1:-2])
        found = {name: value for name, value in pairs if name in ("x-tenant", "x-csrf-token")}
        assert found == headers
    assert len(set(_ids(gateway))) == 3


def test_what_may_change_is_asked_each_time(behind_nginx: GatewayFixture) -> None:
    statuses = [behind_nginx.client.get(behind_nginx.url + "/often").status_code for _ in range(5)]
    assert statuses[:3] == [200] * 3
    assert statuses[4] == 429


def test_a_new_ticket_reaches_the_browser(behind_nginx: GatewayFixture, browser: Browser) -> None:
    """A cookie that is no ticket is removed, by one Set-Cookie, and the answer is not kept."""
    broken: dict[str, Any] = {name: "x" for name in browser.cookies if name.endswith("-session")}
    with behind_nginx.browser() as other:
        other.cookies.update(broken)
        for _ in range(2):
            answer = other.client.get(
                behind_nginx.url + "/public/x", headers={"cookie": "; ".join(f"{n}=x" for n in broken)}
            )
            assert answer.status_code == 200
            (line,) = answer.headers.get_list("set-cookie")
            assert "Max-Age=0" in line
