"""WebSockets through a whole gateway: what opens, what ends them, and what is written down about it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.app import Gateway
from gateway.blocks.block_list import Block, change
from gateway.config import load
from gateway.session.sqlite import SqliteStore
from tests.gateway_fixture import GatewayFixture, scripted_gateway
from tests.gateways import settings, write_config
from tests.running import free_socket, little_kept, serving
from tests.waiting import until
from tests.websockets import (
    BINARY,
    CLOSE,
    TEXT,
    Client,
    Served,
    SocketRegister,
    close,
    frame,
    handshake,
    socket_register,
)

RULES: list[Any] = [
    {"id": "public", "match": {"path": "/public/**"}, "require": ["anyone"], "websocket": True},
    {"id": "closed", "match": {"path": "/closed/**"}, "require": ["authenticated"]},
    {
        "id": "right",
        "match": {"path": "/right/**"},
        "require": [{"right": {"right": "indiener"}}],
        "websocket": True,
    },
    {
        "id": "live",
        "match": {"path": "/**"},
        "require": ["authenticated"],
        "websocket": True,
        "response_headers": {"remove": ["X-Powered-By"]},
    },
]
# What a revocation elsewhere takes at most: the cache, a round of judging, and a round for what was too young.
BOUND = 0.1 + 0.2 + 5.0
# Changed rules are tried in a process of their own first, which takes its time on a busy machine.
RELOAD = 30.0


@pytest.fixture(scope="module")
def register() -> Iterator[SocketRegister]:
    with socket_register() as found:
        yield found


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, register: SocketRegister) -> Iterator[GatewayFixture]:
    with scripted_gateway(
        tmp_path_factory.mktemp("live"),
        sock=little_kept(free_socket()),
        backend=f"http://127.0.0.1:{register.port}",
        rules=RULES,
        session={"cache_ttl": "100ms", "recheck": "10m", "recheck_grace": "0s"},
        observe={"streams": {"judge_every": "200ms"}},
        upstream={
            "url": f"http://127.0.0.1:{register.port}",
            "max_connections": 1,
            "websockets": {"max_per_session": 100, "close_timeout": "500ms"},
        },
    ) as found:
        yield found


@pytest.fixture
def cookie(live: GatewayFixture, register: SocketRegister) -> str:
    register.forget()
    return cookie_of(live)


def cookie_of(live: GatewayFixture) -> str:
    browser = live.browser()
    browser.log_in("/page")
    return f"{live.session_cookie}={live.ticket(browser)}"


def opened(
    live: GatewayFixture, cookie: str | None, path: str = "/ws", *lines: str, behind: bytes = b""
) -> Client:
    host = f"localhost:{live.port}"
    own = [f"Origin: http://{host}", *([f"Cookie: {cookie}"] if cookie else [])]
    return Client(live.port).open(path, *own, *lines, host=host, behind=behind)


def metrics(live: GatewayFixture) -> str:
    return live.client.get(f"http://localhost:{live.observe_port}/metrics").text


def log_out(live: GatewayFixture, cookie: str) -> None:
    live.client.post(f"{live.url}/oauth2/logout/local", headers={"cookie": cookie})


def test_it_opens_and_is_recorded_at_once_and_at_its_end(live: GatewayFixture, cookie: str) -> None:
    with opened(live, cookie) as client:
        client.send(TEXT, b"hello")
        assert client.frame() is not None
        request_id = client.value("x-request-id")
        (record,) = live.records_with(request_id)
        assert (record["status"], record["verdict"], record["rule"]) == (101, "allow", "live")
        assert (record["websocket"], record["path"]) == (True, "/ws")
        assert until(lambda: "toegangspoort_websockets_open 1.0" in metrics(live))
        client.sock.sendall(close(1000, masked=True))
        assert client.until_close() == ([], 1000)
    end = live.records_with(request_id, 2)[1]
    assert end["kind"] == "websocket"
    assert end["session"] == record["session"]
    assert "cut" not in end
    assert until(lambda: "toegangspoort_websockets_open 0.0" in metrics(live))


def test_a_revoked_session_loses_its_sockets_in_time_under_load(live: GatewayFixture, cookie: str) -> None:
    """Revoked by another process: nothing is reported to this one."""
    before = asyncio.run(in_store(live))
    mine = cookie_of(live)
    ending = [opened(live, mine) for _ in range(40)]
    going_on = [opened(live, cookie) for _ in range(40)]
    assert {each.status for each in (*ending, *going_on)} == {101}
    stop = threading.Event()
    load = threading.Thread(target=chat, args=(going_on, stop))
    load.start()
    time.sleep(1.0)  # exchanges younger than that are left alone
    asyncio.run(in_store(live, delete=lambda key: key not in before))
    begun = time.monotonic()
    codes = {each.until_close()[1] for each in ending}
    took = time.monotonic() - begun
    stop.set()
    load.join()
    assert codes == {4401}
    assert took < BOUND
    assert until(lambda: 'streams_cut_total{reason="session-ended"}' in metrics(live))
    for each in going_on:
        each.send(TEXT, b"still here")
        assert each.frame() is not None
    for each in (*ending, *going_on):
        each.sock.close()


def chat(clients: list[Client], stop: threading.Event) -> None:
    while not stop.is_set():
        for client in clients:
            client.send(BINARY, b"x" * 2_000)
            client.frame()


async def in_store(live: GatewayFixture, delete: Callable[[bytes], bool] = lambda _key: False) -> set[bytes]:
    """The keys of all sessions in the store; those that are chosen are deleted."""
    store = SqliteStore(live.records.parent / "ti.db")
    await store.start()
    keys = {each.key for each in await store.find()}
    for key in filter(delete, keys):
        await store.delete(key)
    await store.aclose()
    return keys


def test_a_block_ends_it(live: GatewayFixture, cookie: str) -> None:
    file = live.records.parent / "ti.db.blocks.json"
    block = Block("b-1", "organisation", "0428315871", "test", "test", time.time())
    with opened(live, cookie) as client:
        request_id = client.value("x-request-id")
        change(file, "ti", lambda _: [block])
        assert client.until_close()[1] == 4403
    change(file, "ti", lambda _: [])
    cut = live.records_with(request_id, 2)[1]["cut"]
    assert (cut["reason"], cut["why"]) == ("blocked", "block b-1")
    assert until(lambda: live.client.get(f"{live.url}/page", headers={"cookie": cookie}).status_code == 200)


def test_a_right_that_is_withdrawn_at_the_provider_ends_what_needs_it(
    live: GatewayFixture, cookie: str
) -> None:
    rights = live.op.claims["ovam_rol_3d"]
    with opened(live, cookie, "/right/ws") as client, opened(live, cookie) as other:
        assert (client.status, other.status) == (101, 101)
        live.op.claims["ovam_rol_3d"] = []
        live.clock.ahead += 601
        try:
            assert client.until_close() == ([], 4403)
            other.send(TEXT, b"still here")
            assert other.frame() is not None
        finally:
            live.clock.ahead -= 601
            live.op.claims["ovam_rol_3d"] = rights


def test_frames_keep_no_session_alive(live: GatewayFixture, cookie: str) -> None:
    with opened(live, cookie) as client:
        for ahead in (900, 901):
            client.send(TEXT, b"still here")
            assert client.frame() is not None
            live.clock.ahead += ahead
        try:
            assert client.until_close() == ([], 4401)
        finally:
            live.clock.ahead -= 1_801


def test_a_session_of_the_register_is_kept_to_its_owner(
    live: GatewayFixture, cookie: str, register: SocketRegister
) -> None:
    register.lines = lambda _head: b"Set-Cookie: JSESSIONID=0A1B; Path=/\r\n"
    with opened(live, f"{cookie}; JSESSIONID=0A1B; a=1", "/ws", "Cookie: jsessionid=0A1C") as client:
        assert client.status == 101
        given = (client.value("set-cookie") or "").removesuffix("; Path=/")
    assert given.endswith("~0A1B")
    live.op.subject = "bob"
    try:
        theirs = cookie_of(live)
    finally:
        live.op.subject = "alice"
    for who in (cookie, theirs):
        with opened(live, f"{who}; {given}") as client:
            assert client.status == 101
    lines = [line for head in register.heads for line in head.split(b"\r\n") if line.startswith(b"cookie: ")]
    assert lines == [b"cookie: a=1", b"cookie: JSESSIONID=0A1B"]


def test_a_session_that_ends_before_the_register_agrees_opens_none(
    live: GatewayFixture, cookie: str, register: SocketRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def undecided(_head: bytes, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    monkeypatch.setattr(register, "_switch", undecided)
    cookie = cookie_of(live)
    with Client(live.port) as client:
        host = f"localhost:{live.port}"
        lines = f"Origin: http://{host}", f"Cookie: {cookie}"
        client.sock.sendall(handshake("/ws", *lines, host=host))
        assert until(lambda: len(register.heads) == 1)
        log_out(live, cookie)
        assert client.read_head().status == 401
    assert until(lambda: len(live.gateway.areas.register.websockets["default"]) == 0)


def test_a_rule_changes_the_headers_of_the_answer(
    live: GatewayFixture, cookie: str, register: SocketRegister
) -> None:
    register.lines = lambda _head: b"X-Powered-By: JSP\r\n"
    with opened(live, cookie) as client:
        assert (client.status, client.value("x-powered-by")) == (101, None)
        client.send(TEXT, b"hello")
        assert client.frame() is not None
    register.answer = b"HTTP/1.1 403 Forbidden\r\nX-Powered-By: JSP\r\nContent-Length: 0\r\n\r\n"
    with opened(live, cookie) as client:
        assert (client.status, client.value("x-powered-by")) == (403, None)


def test_a_rule_that_no_longer_allows_websockets_ends_them(live: GatewayFixture, cookie: str) -> None:
    path = live.folder / "config.yaml"
    before = path.read_text()
    document = yaml.safe_load(before)
    for rule in document["rules"]:
        rule.pop("websocket", None)
    try:
        with opened(live, cookie) as client:
            client.sock.settimeout(RELOAD)
            path.write_text(yaml.safe_dump(document, sort_keys=False))
            frames, code = client.until_close()
            assert (frames, code) == ([], 4403)
        with opened(live, cookie) as client:
            assert client.status == 403
            assert json.loads(client.rest)["reason"] == "rule"
    finally:
        path.write_text(before)
        assert until(lambda: _status(live, cookie) == 101, RELOAD, pause=0.1)


def _status(live: GatewayFixture, cookie: str) -> int:
    with opened(live, cookie) as client:
        return client.status


def test_frames_under_way_end_whole_before_the_close(
    live: GatewayFixture, register: SocketRegister, cookie: str
) -> None:
    whole = frame(BINARY, b"x" * 300_000)
    cookie = cookie_of(live)

    async def work(served: Served) -> None:
        served.writer.write(whole[:1_000])
        await served.reader.read(1)  # until the client writes
        await asyncio.sleep(0.1)
        served.writer.write(whole[1_000:])
        await served.frame()

    register.work = work
    with opened(live, cookie) as client:
        time.sleep(1.05)
        client.send(TEXT, b"go on")
        log_out(live, cookie)
        frames, code = client.until_close()
    assert [len(each.payload) for each in frames] == [300_000]
    assert code == 4401


@pytest.mark.parametrize("who", ["client", "register"])
def test_a_reset_ends_both_sides(
    live: GatewayFixture, cookie: str, register: SocketRegister, who: str
) -> None:
    async def work(served: Served) -> None:
        if await served.frame() is not None and who == "register":
            served.reset()
        await served.frame()

    register.work = work
    with opened(live, cookie) as client:
        client.send(TEXT, b"a")
        if who == "client":
            assert until(lambda: register.served and register.served[0].frames)
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sock.close()
            assert until(lambda: register.served[0].closed == "end")
        else:
            assert client.frame() is None
    assert until(lambda: len(live.gateway.areas.register.websockets["default"]) == 0)


def test_a_client_that_has_sent_all_still_gets_what_comes(
    live: GatewayFixture, cookie: str, register: SocketRegister
) -> None:
    async def work(served: Served) -> None:
        while await served.frame() is not None:
            pass
        served.send(TEXT, b"last")
        served.send(CLOSE)

    register.work = work
    with opened(live, cookie) as client:
        client.send(TEXT, b"a")
        client.sock.shutdown(socket.SHUT_WR)
        frames, code = client.until_close()
    assert [each.payload for each in frames] == [b"last"]
    assert code == 1005
    assert [each.payload for each in register.served[0].frames] == [b"a"]


def test_a_register_that_does_not_read_slows_the_client_down(
    live: GatewayFixture, cookie: str, register: SocketRegister
) -> None:
    reading = threading.Event()

    async def work(served: Served) -> None:
        while not reading.is_set():
            await asyncio.sleep(0.01)
        while await served.frame() is not None:
            pass

    register.work = work
    message = frame(BINARY, b"x" * 100_000, masked=True)
    with opened(live, cookie) as client:
        client.sock.setblocking(False)
        sent, rest, stuck = 0, b"", 0
        while stuck < 20:
            rest = rest or message
            try:
                taken = client.sock.send(rest)
            except BlockingIOError:
                stuck += 1
                time.sleep(0.01)
                continue
            sent, rest, stuck = sent + taken, rest[taken:], 0
        assert sent < 30_000_000
        reading.set()
        client.sock.settimeout(30)
        client.sock.sendall(rest)
        assert until(lambda: len(register.served[0].frames) == (sent + len(rest)) // len(message))


def test_sockets_take_no_connection_from_requests(live: GatewayFixture, cookie: str) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            assert stack.enter_context(opened(live, cookie)).status == 101
        for _ in range(3):
            assert live.client.get(f"{live.url}/page", headers={"cookie": cookie}).status_code == 200


def test_frames_behind_the_handshake_wait_for_the_agreement(live: GatewayFixture, cookie: str) -> None:
    early = b"".join(frame(TEXT, b"%d" % number, masked=True) for number in range(5_000))
    with opened(live, cookie, behind=early) as client:
        assert client.status == 101
        for number in range(5_000):
            each = client.frame()
            assert each is not None
            assert each.payload == b"%d" % number


@pytest.mark.parametrize(
    ("path", "lines", "status", "reason"),
    [
        ("/closed", (), 403, "rule"),
        ("/oauth2/session", (), 403, "own-path"),
        ("/.well-known/jwks.json", (), 403, "own-path"),
        ("/ws", ("Upgrade: h2c",), 400, "upgrade"),
    ],
)
def test_refusals_never_reach_the_register(
    live: GatewayFixture, cookie: str, register: SocketRegister, path: str, lines: tuple[str, ...], status: int, reason: str
) -> None:  # fmt: skip
    with opened(live, cookie, path, *lines) as client:
        assert client.status == status
        assert json.loads(client.rest)["reason"] == reason
    assert not register.heads


def test_h2c_is_not_taken_up_and_nothing_of_it_is_forwarded(
    live: GatewayFixture, register: SocketRegister
) -> None:
    register.forget()
    head = f"GET /public/x HTTP/1.1\r\nHost: localhost:{live.port}\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
    for lines in ("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c", "Upgrade: h2c"):
        with Client(live.port) as client:
            client.sock.sendall(f"{head}{lines}\r\n\r\n".encode())
            assert client.read_head().status == 200
    seen = b"".join(register.heads).lower()
    assert not [word for word in (b"h2c", b"http2", b"upgrade", b"connection:") if word in seen]


def test_somebody_who_is_not_logged_in_gets_no_redirect(live: GatewayFixture) -> None:
    with opened(live, None, "/ws", "Accept: text/html") as client:
        assert client.status == 401
        assert client.value("location") is None
    with opened(live, None, "/public/ws") as client:
        assert client.status == 101


def test_the_answer_that_was_reported_for_a_browser(
    live: GatewayFixture, register: SocketRegister, cookie: str
) -> None:
    """f:websocket and p:socket (Faces 2.3) open one: the register answers 101, and the browser must get it."""
    with opened(live, cookie) as client:
        assert client.status == 101
        assert client.value("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


async def test_another_server_has_no_websockets(live: GatewayFixture) -> None:
    """Where a server terminates them itself, or offers no way to leave HTTP, they are refused in words."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "websocket", "extensions": {"websocket.http.response": {}}}
    await live.gateway(scope, receive, send)
    assert [message.get("status", message.get("body", b"")[:10]) for message in sent] == [403, b"WebSockets"]
    sent.clear()
    await live.gateway({"type": "websocket"}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_under_a_plain_server_a_handshake_is_refused_in_words(
    tmp_path: Path, register: SocketRegister
) -> None:
    register.forget()
    sock, address = free_socket(), f"http://127.0.0.1:{register.port}"
    url = f"http://localhost:{sock.getsockname()[1]}"
    environment = settings(
        tmp_path, name="ti", gateway_url=url, acm_url="https://acm.test", upstream_url=address
    )
    config = load(write_config(tmp_path, {"ti": environment}, rules=RULES))
    with serving(Gateway(config, "ti"), sock=sock, http="httptools") as plain, Client(plain.port) as client:
        client.open("/public/ws", host=url.removeprefix("http://"))
        assert client.status == 403
        assert json.loads(client.rest)["reason"] == "server"
    assert not register.heads
