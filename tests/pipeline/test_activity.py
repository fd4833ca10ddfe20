"""A transfer that lasts longer than the idle timeout, over a gateway that runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.gateway_fixture import EchoUpstream, GatewayFixture, scripted_gateway
from tests.waiting import until

MINUTE = 60


class Slow(EchoUpstream):
    """Answers that have begun, or not, and go on until `end` is set; `asked` has the paths."""

    def __init__(self) -> None:
        super().__init__()
        self.end = threading.Event()
        self.asked: list[str] = []

    @property
    def app(self) -> Starlette:
        paths = {"/file": self._file, "/ticks": self._ticks, "/late": self._late, "/poll": self._late}
        routes = [Route(path, each) for path, each in paths.items()]
        return Starlette(routes=[*routes, Route("/upload", self._upload, methods=["POST"])])

    async def _parts(self) -> AsyncIterator[bytes]:
        while not self.end.is_set():
            yield b"x"
            await asyncio.sleep(0.02)

    async def _file(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return StreamingResponse(self._parts(), media_type="application/pdf")

    async def _ticks(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return StreamingResponse(self._parts(), media_type="text/event-stream; charset=utf-8")

    async def _late(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        await asyncio.to_thread(self.end.wait)
        return Response("late")

    async def _upload(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return Response(str(len(await request.body())))


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(
        tmp_path_factory.mktemp("activity"),
        backend=Slow(),
        session={"idle_timeout": "30m", "recheck": "0s", "polling": [{"path": "/poll"}]},
        observe={"streams": {"judge_every": "0.2s"}},
    ) as found:
        yield found


class Person:
    """Somebody with a session who sends one request that lasts."""

    def __init__(self, gate: GatewayFixture, path: str, *, sends: bool = False) -> None:
        self.gate, self.path, self.sends = gate, path, sends
        with gate.browser() as browser:
            browser.log_in()
            self.cookie = browser.headers(None)
        self.status = -1
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()

    def _ask(self) -> None:
        def body() -> Iterator[bytes]:
            yield b"x" * 20_000
            while not self.gate.upstream.end.wait(0.02):
                yield b"x"

        method = "POST" if self.sends else "GET"
        try:
            with httpx2.Client(trust_env=False, timeout=60) as client:
                content = body() if self.sends else None
                self.status = client.request(
                    method, self.gate.url + self.path, content=content, headers=self.cookie
                ).status_code
        except httpx2.RemoteProtocolError:
            self.status = 0

    def idle_in(self) -> int:
        answer = httpx2.get(f"{self.gate.url}/oauth2/session", headers=self.cookie, trust_env=False)
        return int(answer.json().get("idle_in_seconds", 0))


def test_a_transfer_lasts_longer_than_the_idle_timeout(gate: GatewayFixture) -> None:
    gate.upstream.end.clear()
    busy = [Person(gate, "/file"), Person(gate, "/upload", sends=True), Person(gate, "/late")]
    idle = [Person(gate, "/ticks"), Person(gate, "/poll")]
    assert until(lambda: len(gate.upstream.asked) == 5, 20)
    for _ in range(3):
        gate.clock.ahead += 20 * MINUTE
        for each in busy:
            assert until(lambda each=each: each.idle_in() > 29 * MINUTE, 20), each.path
    for each in idle:
        each.thread.join(30)
    assert [each.status for each in idle] == [0, 401], "events and polls keep nobody logged in"
    assert [each.status for each in busy] == [-1] * 3
    gate.upstream.end.set()
    for each in busy:
        each.thread.join(30)
    assert [each.status for each in busy] == [200] * 3


def test_a_transfer_does_not_outlive_its_session(gate: GatewayFixture) -> None:
    gate.upstream.end.clear()
    mine = Person(gate, "/file")
    assert until(lambda: gate.upstream.asked[-1] == "/file", 20)
    gate.clock.ahead += 20 * MINUTE
    assert until(lambda: mine.idle_in() > 29 * MINUTE, 20)
    headers = {**mine.cookie, "sec-fetch-site": "same-origin"}
    httpx2.post(f"{gate.url}/oauth2/logout/local", headers=headers, trust_env=False)
    mine.thread.join(30)
    assert mine.status == 0
    gate.upstream.end.set()
