"""Logins, headers, pages, forms and WebSockets through real fronts: as without one."""

from __future__ import annotations

import re
import socket
from html import unescape
from itertools import count

import pytest

from gateway.blocks.block_list import Block, change
from tests.gateway_fixture import PAGE, Browser, GatewayFixture
from tests.waiting import until
from tests.websockets import TEXT, Client, accept_of, frame

FORM = PAGE | {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
LIES = {
    "x-original-uri": "/public/x",
    "x-original-method": "GET",
    "x-forwarded-uri": "/public/x",
    "x-forwarded-method": "GET",
    "x-forwarded-host": "gw.test",
    "x-forwarded-for": "203.0.113.9",
    "x-rewrite-url": "/public/x",
    "x-envoy-original-path": "/public/x",
}


def head_of(gateway: GatewayFixture) -> dict[str, str]:
    """The header lines of the one request that the register got."""
    (head,) = gateway.upstream.begun
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def ticket_of(browser: Browser) -> str:
    """The browser's ticket."""
    return next(value for name, value in browser.cookies.items() if name.endswith("-session"))


def test_a_login_and_the_headers_of_the_person(through: GatewayFixture) -> None:
    with through.browser() as browser:
        sent = browser.go("/filed/7?a=b%2Fc")
        assert sent.status_code == 302, sent.text
        assert not through.upstream.begun
        back = browser.through_provider(sent)
        assert back.headers["location"] == "/filed/7?a=b%2Fc"
        page = browser.go(back.headers["location"])
        assert (page.status_code, page.text) == (200, "ok")
        ticket = ticket_of(browser)
    head = head_of(through)
    assert through.upstream.begun[0].startswith(b"GET /filed/7?a=b%2Fc HTTP/1.1\r\n")
    assert (head["x-forwarded-user"], head["x-auth-organisation"]) == ("alice", "0428315871")
    assert head["x-toegangspoort-assertion"].count(".") == 2
    assert ticket.encode() not in through.upstream.begun[0]
    (record,) = through.records_with(head["x-request-id"])
    assert (record["rule"], record["status"], record["path"]) == ("filed", 200, "/filed/7")


def test_a_redirect_to_the_login_has_one_record(through: GatewayFixture) -> None:
    with through.browser() as browser:
        answer = browser.go("/filed/8")
    assert answer.status_code == 302
    record, *others = through.records_with(answer.headers["x-request-id"])
    assert not others
    assert (record["rule"], record["error"]) == ("filed", "login-required")


@pytest.mark.parametrize("path", ["/public/x", "/filed/1"])
def test_no_header_of_a_client_says_who_asks(through: GatewayFixture, path: str, browser: Browser) -> None:
    cookies = {} if path.startswith("/public") else browser.headers(None)
    for name in ("X-Auth-Rights", "x_auth_rights", "X-Auth-Name", "X-Forwarded-User", "Remote-User",
                 "X-Toegangspoort-Assertion", "X.Auth.Rights", "HTTP_X_AUTH_RIGHTS", "X-Toegangspoort-Upstream"):  # fmt: skip
        through.upstream.clear()
        answer = through.client.get(through.url + path, headers={**cookies, name: "forged"})
        assert answer.status_code in (200, 400), (name, answer.status_code)
        assert len(through.upstream.begun) == (answer.status_code == 200)
        assert b"forged" not in b"".join(through.upstream.begun), name


@pytest.mark.parametrize("name", LIES)
def test_what_a_client_says_about_its_request_is_not_believed(through: GatewayFixture, name: str) -> None:
    for headers in ({name: LIES[name]}, LIES):
        with through.browser() as browser:
            assert browser.call("/filed/1", **headers).status_code in (400, 401)
    # nor on the public listener
    public = through.gateway.settings.listen
    answer = through.client.get(f"http://{public}/filed/1", headers={"host": "gw.test", **LIES})
    assert answer.status_code == 401
    assert not through.upstream.begun


def test_no_cookies_arrive_that_nobody_looked_at(through: GatewayFixture) -> None:
    with through.browser() as browser:
        assert browser.call("/public/x", cookie2="$Version=1; JSESSIONID=x").status_code == 200
    assert "cookie2" not in head_of(through)


def test_pages_and_problems_arrive_whole(through: GatewayFixture, browser: Browser) -> None:
    through.upstream.clear()
    page = browser.page("/strong/x")
    assert page.status_code == 403
    assert "eID" in page.text
    problem = browser.call("/nowhere")
    assert (problem.status_code, problem.json()["code"]) == (403, "forbidden")
    with through.browser() as stranger:
        problem = stranger.call("/filed/1")
        assert (problem.status_code, problem.json()["code"]) == (401, "login-required")
        assert problem.json()["request_id"] == problem.headers["x-request-id"]
        moved = stranger.go("/moved")
        assert (moved.status_code, moved.headers["location"]) == (302, "/public/here")
        assert stranger.go("/public/x", headers={**PAGE, "host": "evil.test"}).status_code in (400, 404)
    assert not through.upstream.begun


def test_a_block_keeps_somebody_out_at_once(through: GatewayFixture, browser: Browser) -> None:
    file = through.gateway.settings.session.store.path
    assert file is not None
    blocks = file.with_name(f"{file.name}.blocks.json")
    block = Block("b1", "organisation", "0428315871", "tried", "test", through.clock())
    change(blocks, "ti", lambda _: [block])
    # nginx may keep a permission: each time another address
    numbers = count()
    try:
        assert until(
            lambda: browser.call(f"/filed/{next(numbers)}/blocked").status_code == 403, 30.0, pause=0.05
        )
        assert browser.call("/filed/blocked").json()["code"] == "blocked"
    finally:
        change(blocks, "ti", lambda _: [])
        assert until(lambda: browser.call("/filed/blocked").status_code == 200, 30.0, pause=0.05)


def test_what_the_register_says_of_caches_stays(through: GatewayFixture) -> None:
    """Where no rule says otherwise, and whatever a permission says of itself."""
    through.upstream.answer = lambda _head: (
        b"HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nContent-Length: 0\r\n\r\n"
    )
    answer = through.client.get(through.url + "/public/style.css", headers={"host": "gw.test"})
    assert answer.headers["cache-control"] == "max-age=9"


def test_a_form_is_kept_and_sent_once(through: GatewayFixture, browser: Browser) -> None:
    through.upstream.clear()
    body = b"waarde=%C3%A9%26&code=of-the-form"
    sent = browser.post("/filed/new?jaar=2026", content=body, headers=FORM)
    assert (sent.status_code, sent.text) == (200, "ok")
    assert through.upstream.received[0].endswith(b"\r\n\r\n" + body)
    through.upstream.clear()
    # the session ends, the cookie stays
    end = browser.client.get(through.url + "/oauth2/logout/local", headers=browser.headers(PAGE))
    assert end.status_code in (200, 302, 303)
    refused = browser.post("/filed/new?jaar=2026", content=body, headers=FORM)
    assert refused.status_code == 401
    link = re.search(r'href="(/oauth2/start[?]rd=%2Foauth2%2Fresume[^"]*)"', refused.text)
    assert link, refused.text
    done = browser.through_provider(browser.page(unescape(link[1])))
    page = browser.page(done.headers["location"])
    action, token = re.search(r'action="([^"]+)"', page.text), re.search(r'"([0-9a-f]{64})"', page.text)
    assert action
    assert token
    assert not through.upstream.begun
    answer = browser.post(unescape(action[1]), content=f"tgp-token={token[1]}".encode(), headers=FORM)
    assert (answer.status_code, answer.text) == (200, "ok")
    (head,) = through.upstream.received
    assert head.startswith(b"POST /filed/new?jaar=2026 HTTP/1.1\r\n")
    assert head.endswith(b"\r\n\r\n" + body)
    (record,) = through.records_with(answer.headers["x-request-id"])
    assert (record["rule"], record["method"], record["status"]) == ("filed", "POST", 200)


@pytest.mark.parametrize(
    ("path", "origin", "status"),
    [
        ("/live/x", "http://gw.test", 101),
        ("/live/x", "http://evil.test", 403),
        ("/live/x", None, 403),
        ("/filed/x", "http://gw.test", 403),
    ],
)
def test_websockets(
    through: GatewayFixture, browser: Browser, path: str, origin: str | None, status: int
) -> None:
    def agree(head: bytes) -> bytes:
        key = re.search(rb"(?i)sec-websocket-key: (\S+)", head)
        assert key
        accept = accept_of(key[1].decode())
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
        ).encode() + frame(TEXT, b"hello")

    # a permission for the page, which nginx may keep, says nothing about a WebSocket
    assert browser.go(path).status_code == 200
    through.upstream.clear()
    through.upstream.answer = agree
    lines = [f"Cookie: {browser.headers(None)['cookie']}"] + ([f"Origin: {origin}"] if origin else [])
    with Client(through.port) as client:
        client.open(path, *lines)
        assert client.status == status, client.head
        if status == 101:
            found = client.frame()
            assert found
            assert found.payload == b"hello"
    assert len(through.upstream.begun) == (status == 101)


def test_other_methods_and_bodies(through: GatewayFixture, browser: Browser) -> None:
    for method in ("PUT", "DELETE", "PATCH", "HEAD"):
        through.upstream.clear()
        body = b"x" * 100_000 if method in ("PUT", "PATCH") else b""
        answer = browser.request(method, "/app/thing", content=body, headers={"content-type": "text/plain"})
        assert answer.status_code == 200, method
        assert through.upstream.begun[0].startswith(method.encode() + b" /app/thing HTTP/1.1\r\n")
        if body:
            assert through.upstream.received[0].endswith(body)
    with through.browser() as stranger:
        through.upstream.clear()
        answer = stranger.request(
            "PUT", "/app/thing", content=b"x" * 100_000, headers={"content-type": "text/plain"}
        )
        assert answer.status_code == 401
    assert not through.upstream.begun


@pytest.mark.parametrize(
    "lines",
    [
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
        b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        b"Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n",
    ],
    ids=["without-key", "h2c", "both"],
)
def test_no_other_protocol_is_asked_of_the_register(
    through: GatewayFixture, browser: Browser, lines: bytes
) -> None:
    cookie = browser.headers(None)["cookie"].encode()
    head = b"GET /app/upgrade HTTP/1.1\r\nHost: gw.test\r\nCookie: %s\r\n%s\r\n" % (cookie, lines)
    through.upstream.clear()
    with socket.create_connection(("127.0.0.1", through.port), 30.0) as sock:
        sock.sendall(head)
        status = sock.recv(4_096).split(b" ")[1]
    assert status < b"500"
    for got in through.upstream.begun:
        assert b"\r\nupgrade:" not in got.lower()
