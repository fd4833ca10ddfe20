"""Streams, downloads and uploads end when session, right or rule do: over HTTP, with real sessions."""

from __future__ import annotations

import socket
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.session.sqlite import SqliteStore
from simulator.login import login
from simulator.register.app import create_register
from simulator.run import running
from tests.gateway_fixture import GatewayFixture, gateway_fixture, scripted_gateway
from tests.gateways import PLUGINS

UNTIL = '''
"""Holds until a moment, in seconds since the epoch."""

from gateway.plugin import Allow, Deny, Facts, Policy, Verdict


class Until(Policy, name="until"):
    """Holds until this moment."""

    moment: int
    """Seconds since the epoch."""

    def decide(self, facts: Facts) -> Verdict:
        return Allow() if facts.now < self.moment else Deny("over")
'''
PATIENCE = 60.0


class Clock:
    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def soon() -> int:
    return int(time.time()) + 1_000


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, clock: Clock, soon: int) -> Iterator[GatewayFixture]:
    folder: Path = tmp_path_factory.mktemp("live")
    (folder / "own").mkdir()
    (folder / "own/until.py").write_text(textwrap.dedent(UNTIL))
    rules = [
        {
            "id": "until",
            "match": {"path": "/echo/**", "methods": ["PUT"]},
            "require": ["authenticated", {"until": {"moment": soon}}],
        },
        {"id": "open", "match": {"path": "/echo/stream", "hosts": ["nobody.test"]}, "require": ["anyone"]},
        {
            "id": "stream",
            "match": {"path": "/echo/**"},
            "require": ["authenticated", {"until": {"moment": soon}}],
        },
    ]
    with (
        running(lambda url: create_register(inside=url, environment="ti")) as register_url,
        gateway_fixture(
            folder,
            backend=register_url,
            rules=rules,
            plugins=(PLUGINS, str(folder / "own")),
            clock=clock,
            session={"cache_ttl": "100ms", "recheck": "0s"},
            observe={"streams": {"judge_every": "200ms", "unjudged": "0s"}},
        ) as found,
    ):
        yield found


@pytest.fixture
def cookie(live: GatewayFixture) -> str:
    return login(live.url, "indiener")


class Client:
    """One request on a socket of its own."""

    def __init__(self, live: GatewayFixture, method: str, path: str, cookie: str, *lines: str) -> None:
        head = [f"{method} {path} HTTP/1.1", f"Host: localhost:{live.port}", f"Cookie: {cookie}", *lines]
        self.sock = socket.create_connection(("127.0.0.1", live.port), timeout=PATIENCE)
        self.sock.sendall("".join(f"{line}\r\n" for line in (*head, "")).encode())
        self.seen = b""

    def until(self, part: bytes) -> Client:
        while part not in self.seen:
            more = self.sock.recv(65_536)
            assert more, self.seen[-300:]
            self.seen += more
        return self

    def rest(self) -> bytes:
        """All that still comes until the gateway closes."""
        with self.sock:
            while more := self.sock.recv(65_536):
                self.seen += more
        return self.seen


def stream(live: GatewayFixture, cookie: str) -> Client:
    return Client(live, "GET", "/echo/stream?events=1000&interval=0.02", cookie).until(b"data: 1\n")


def record_of_cut(live: GatewayFixture, seen: bytes) -> dict[str, Any]:
    """The decision record of the request with this answer; it is written a moment after the end."""
    name = b"x-request-id: "
    request_id = seen.split(name)[1].split(b"\r\n")[0].decode()
    return live.records_with(request_id)[0]


def cut_off(seen: bytes) -> bool:
    return b"transfer-encoding: chunked" in seen and not seen.endswith(b"0\r\n\r\n")


def test_a_logout_ends_the_streams_of_its_session_and_no_others(live: GatewayFixture, cookie: str) -> None:
    other = login(live.url, "ovam")
    mine, theirs = stream(live, cookie), stream(live, other)
    httpx2.post(f"{live.url}/oauth2/logout/local", headers={"cookie": cookie}, trust_env=False)
    seen = mine.rest()
    assert cut_off(seen)
    theirs.until(b"data: %d\n" % (theirs.seen.count(b"data:") + 20)).sock.close()
    record = record_of_cut(live, seen)
    assert record["verdict"] == "allow"
    assert record["error"] == "stream-cut"
    assert record["cut"]["reason"] == "session-ended"
    assert record["cut"]["rules"] == record["rules"]


def test_a_session_that_is_gone_from_the_store_ends_its_streams(live: GatewayFixture, cookie: str) -> None:
    mine = stream(live, cookie)

    async def forget_all() -> None:
        store = SqliteStore(live.records.parent / "ti.db")
        await store.start()
        for kept in await store.find():
            await store.delete(kept.key)
        await store.aclose()

    import asyncio

    asyncio.run(forget_all())
    seen = mine.rest()
    assert cut_off(seen)
    assert record_of_cut(live, seen)["cut"]["reason"] == "session-ended"
    metrics = httpx2.get(f"http://localhost:{live.observe_port}/metrics", trust_env=False).text
    assert 'toegangspoort_streams_cut_total{reason="session-ended"}' in metrics


def test_a_download_is_cut_while_the_client_reads_slowly(live: GatewayFixture, cookie: str) -> None:
    size = 2**30
    client = Client(live, "GET", f"/echo/bytes?size={size}", cookie).until(b"\r\n\r\nxxx")
    httpx2.post(f"{live.url}/oauth2/logout/local", headers={"cookie": cookie}, trust_env=False)
    seen = client.rest()
    assert len(seen) < size / 10
    assert record_of_cut(live, seen)["cut"]["reason"] == "session-ended"


@pytest.mark.parametrize("line", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_an_upload_that_is_ended_is_told_why(live: GatewayFixture, cookie: str, line: str) -> None:
    client = Client(live, "POST", "/echo/upload", cookie, line)
    client.sock.sendall(b"5\r\nhello\r\n")
    time.sleep(0.05)
    httpx2.post(f"{live.url}/oauth2/logout/local", headers={"cookie": cookie}, trust_env=False)
    seen = client.rest()
    assert seen.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in seen
    record = record_of_cut(live, seen)
    assert (record["error"], record["cut"]["reason"]) == ("login-required", "session-ended")


def test_open_streams_and_their_number_are_seen(live: GatewayFixture, cookie: str) -> None:
    mine = stream(live, cookie)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        text = httpx2.get(f"http://localhost:{live.observe_port}/metrics", trust_env=False).text
        if "toegangspoort_streams_open 1.0" in text:
            break
        time.sleep(0.02)
    else:
        raise AssertionError(text)
    mine.sock.close()


@pytest.fixture(params=["refreshed", "by-login"])
def judged_often(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GatewayFixture]:
    """A gateway that rechecks sessions by their refresh token, or has none, so that a login has to. Until then streams go on for
    the grace."""
    streams = {"streams": {"judge_every": "100ms"}}
    refreshed = request.param == "refreshed"
    times = {"recheck": "15m", "recheck_grace": "0s" if refreshed else "2h", "idle_timeout": "3h"}
    with scripted_gateway(tmp_path, session=times, observe=streams) as found:
        if not refreshed:
            found.op.token_answer["refresh_token"] = "absent"
        yield found


def test_a_stream_goes_on_when_a_recheck_in_another_tab_gives_another_ticket(
    judged_often: GatewayFixture,
) -> None:
    gate, browser = judged_often, judged_often.browser()
    browser.log_in()
    with browser.stream("GET", "/events") as answer:
        lines = answer.iter_lines()
        time.sleep(1.1)  # streams that are younger are not looked at
        for hour in (1, 2):
            ticket = gate.ticket(browser)
            gate.op.claims["ovam_rol_3d"] = [f"OVAMGebruiker-Lezer{hour}:0428315871"]
            gate.clock.ahead += 3_600
            if "refresh_token" not in gate.op.token_answer:
                assert browser.go("/echo").status_code == 200
            else:
                assert browser.log_in().status_code == 302
            assert gate.ticket(browser) != ticket
            gate.clock.ahead += 61
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                assert next(lines) in ("data: x", "")
        browser.go("/oauth2/logout/local")
        with pytest.raises(httpx2.RemoteProtocolError):
            list(lines)


def test_a_right_that_ends_by_the_clock_ends_the_stream(
    live: GatewayFixture, cookie: str, clock: Clock, soon: int
) -> None:
    mine = stream(live, cookie)
    try:
        clock.ahead = soon + 1 - time.time()
        seen = mine.rest()
        refused = httpx2.get(f"{live.url}/echo/stream", headers={"cookie": cookie}, trust_env=False)
    finally:
        clock.ahead = 0.0
    assert cut_off(seen)
    assert refused.status_code == 403
    record = record_of_cut(live, seen)
    assert record["verdict"] == "allow"
    assert (record["cut"]["reason"], record["cut"]["why"]) == ("forbidden", "over")
