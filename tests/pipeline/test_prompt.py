"""The prompt path: the same answers as the general way, and what cannot be prompt goes that way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from gateway.edge.admit import Admission
from gateway.edge.response_cycle import ResponseCycle
from tests.gateway_fixture import CALL, OPEN_RULES, Browser, GatewayFixture, gateway_fixture, scripted
from tests.leftovers import nothing_left
from tests.running import RawUpstream

LIMITED = {
    "id": "limited",
    "match": {"path": "/limited/**"},
    "require": [{"rate": {"limit": 2, "window": "1h", "per": "client"}}],
}
Ways = list[str]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with gateway_fixture(
        tmp_path_factory.mktemp("prompt"),
        provider=scripted,
        backend=RawUpstream(),
        rules=[LIMITED, *OPEN_RULES],
    ) as found:
        yield found


@pytest.fixture
def ways(door: GatewayFixture, monkeypatch: pytest.MonkeyPatch) -> Ways:
    """For each request, whether it was answered in plain calls ("prompt") or by a task ("task")."""
    seen: Ways = []
    go_on, answer = ResponseCycle.go_on, ResponseCycle.answer

    def by_task(cycle: ResponseCycle, app: Any) -> None:
        seen.append("task")
        go_on(cycle, app)

    def at_once(cycle: ResponseCycle, status: int, headers: Any, body: bytes) -> None:
        seen.append("prompt")
        answer(cycle, status, headers, body)

    monkeypatch.setattr(ResponseCycle, "go_on", by_task)
    monkeypatch.setattr(ResponseCycle, "answer", at_once)
    return seen


@pytest.fixture
def somebody(door: GatewayFixture) -> Browser:
    door.upstream.answer = lambda _head: OK
    browser = door.browser()
    browser.log_in()
    assert browser.call("/echo").status_code == 200  # the session is cached, and a connection idle
    return browser


def test_a_cached_session_is_answered_in_plain_calls(somebody: Browser, ways: Ways) -> None:
    for _ in range(3):
        response = somebody.call("/echo")
        assert (response.status_code, response.text) == (200, "ok")
        assert response.headers["x-request-id"]
    assert ways == ["prompt"] * 3


def test_nobody_at_an_open_path_too(door: GatewayFixture, somebody: Browser, ways: Ways) -> None:
    assert door.browser().call("/public/x").status_code == 200
    assert ways == ["prompt"]


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("POST", "/echo", {"content": b"body"}, 200),
        ("GET", "/oauth2/session", {}, 200),
        ("GET", "/filed/../x", {}, 400),
        ("GET", "/echo", {"headers": CALL | {"host": "elsewhere.test"}}, 400),
    ],
)
def test_what_needs_more_goes_the_general_way(
    somebody: Browser, ways: Ways, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    response = somebody.client.request(
        method,
        f"{somebody.url}{path}".replace("/..", "/%2e%2e"),
        **{"headers": somebody.headers(CALL)} | options,
    )
    assert response.status_code == status
    assert ways == ["task"]


def test_a_rule_that_asks_for_facts_goes_the_general_way_and_counts_once(
    door: GatewayFixture, somebody: Browser, ways: Ways
) -> None:
    seen = [door.browser().call("/limited/x").status_code for _ in range(3)]
    assert seen == [200, 200, 429]
    assert ways == ["task"] * 3


@pytest.mark.parametrize("path", ["/limited/once", "/oauth2/session", "/echo?new=1"])
def test_the_request_is_read_once_whichever_way_it_goes(
    somebody: Browser, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    read: list[str] = []
    admit = Admission.admit

    def counted(admission: Admission, scope: Any) -> Any:
        read.append(scope["raw_target"].decode())
        return admit(admission, scope)

    monkeypatch.setattr(Admission, "admit", counted)
    assert somebody.call(path).status_code in (200, 429)
    assert read == [path]


def test_a_logout_counts_at_once(somebody: Browser, ways: Ways) -> None:
    cookies = dict(somebody.cookies)
    somebody.post("/oauth2/logout/local", headers={"sec-fetch-site": "same-origin"})
    somebody.cookies = cookies
    assert somebody.call("/echo").status_code == 401
    assert ways == ["task", "task"]


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (b"HTTP/1.1 304 Not Modified\r\nEtag: x\r\n\r\n", 304, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200, b"abc"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", 502, None),
        (b"nonsense\r\n\r\n", 502, None),
    ],
)
def test_answers_are_those_of_the_general_way(
    door: GatewayFixture, somebody: Browser, raw: bytes, status: int, body: bytes | None
) -> None:
    door.upstream.answer = lambda _head: raw
    promptly = somebody.call("/echo")
    # With a body, even an empty chunked one, a request is never prompt.
    generally = somebody.request("PUT", "/echo", headers=CALL, content=iter([b"x"]))
    for response in (promptly, generally):
        assert response.status_code == status
        assert body is None or response.content == body


def test_a_connection_that_was_just_closed_is_no_failure(
    door: GatewayFixture, somebody: Browser, ways: Ways
) -> None:
    door.upstream.reset = 1
    assert somebody.call("/echo").status_code == 200
    assert ways == ["task"]


def test_an_answer_that_takes_its_time_is_streamed(
    door: GatewayFixture, somebody: Browser, ways: Ways
) -> None:
    slow = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"
    door.upstream.answer = lambda _head: slow
    with somebody.stream("GET", "/echo") as response:
        assert response.status_code == 200
        parts = response.iter_raw()
        assert next(parts) == b"ab"
        with pytest.raises(httpx2.TransportError):
            door.upstream.drop()
            next(parts)
    assert ways == ["task"]


def test_a_client_that_leaves_ends_the_exchange(
    door: GatewayFixture, somebody: Browser, ways: Ways, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    asked = threading.Event()

    def silence(_head: bytes) -> None:
        asked.set()

    door.upstream.answer = silence
    with pytest.raises(httpx2.TimeoutException):
        somebody.client.get(f"{somebody.url}/echo", headers=somebody.headers(CALL), timeout=0.3)
    assert asked.is_set()
    door.upstream.answer = lambda _head: OK
    wait_for(lambda: somebody.call("/echo").status_code == 200)
    assert door.gateway.areas.register.upstreams.open_connections <= 2


def test_a_broken_answer_and_a_stream_that_is_cut_leave_nothing_for_the_garbage_collector(
    door: GatewayFixture, somebody: Browser
) -> None:
    with nothing_left():
        door.upstream.answer = lambda _head: b"nonsense\r\n\r\n"
        assert somebody.call("/echo").status_code == 502
        door.upstream.answer = lambda _head: b"HTTP/1.1 200 OK\r\n\r\nbegun"
        with somebody.stream("GET", "/echo") as response:
            parts = response.iter_raw()
            assert next(parts) == b"begun"
            somebody.post("/oauth2/logout/local", headers={"sec-fetch-site": "same-origin"})
            with pytest.raises(httpx2.TransportError):
                list(parts)
        door.upstream.answer = lambda _head: OK
        assert door.browser().call("/public/x").status_code == 200
