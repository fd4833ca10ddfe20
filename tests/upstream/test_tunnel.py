"""How a WebSocket ends between two connections, played octet by octet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from gateway.upstream.tunnel import Tunnel, TunnelLimits
from tests.waiting import eventually
from tests.websockets import BINARY, PING, TEXT, Frame, close, frame, take_frame


class Side:
    """One connection, as the tunnel uses it; keeps what is written to it."""

    def __init__(self) -> None:
        self.written = b""
        self.did: list[str] = []

    def write(self, data: bytes) -> None:
        assert "close" not in self.did
        self.written += data

    def frames(self) -> list[Frame]:
        found, rest = [], self.written
        while (taken := take_frame(rest)) is not None:
            each, rest = taken
            found.append(each)
        assert rest == b"", "an incomplete frame"
        return found

    def pause_reading(self) -> None:
        self.did.append("pause")

    def resume_reading(self) -> None:
        self.did.append("resume")

    def end(self) -> None:
        self.did.append("end")

    def close(self) -> None:
        self.did.append("close")

    def abort(self) -> None:
        self.did.append("abort")


class Rig:
    def __init__(self, *, idle: float = 60.0, close_in: float = 60.0) -> None:
        self.tunnel = Tunnel(asyncio.get_running_loop(), TunnelLimits(1_000, idle, close_in, False))
        self.browser, self.server = Side(), Side()
        self.client, self.register = self.tunnel.client, self.tunnel.register
        self.tunnel.open(self.browser, self.server)

    def codes(self) -> tuple[list[int], list[int]]:
        """The close codes that each side got."""
        return tuple(
            [each.code for each in side.frames() if each.code] for side in (self.browser, self.server)
        )  # type: ignore[return-value]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    found = Rig()
    yield found
    found.client.lost()
    found.register.lost()
    await asyncio.wait_for(found.tunnel.wait(), 30)


async def test_each_side_gets_what_the_other_sends(rig: Rig) -> None:
    rig.client.received(frame(TEXT, b"a", masked=True))
    rig.register.received(frame(TEXT, b"b") + frame(PING))
    assert rig.server.written == frame(TEXT, b"a", masked=True)
    assert rig.browser.written == frame(TEXT, b"b") + frame(PING)


async def test_both_connections_close_once_close_frames_went_both_ways(rig: Rig) -> None:
    rig.client.received(close(1000, masked=True))
    assert rig.server.written == close(1000, masked=True)
    assert rig.browser.did == rig.server.did == []
    rig.register.received(frame(TEXT, b"last") + close(1000))
    assert rig.browser.written == frame(TEXT, b"last") + close(1000)
    assert rig.browser.did == rig.server.did == ["close"]
    assert rig.tunnel.ended_why == ""


async def test_a_close_of_ours_is_answered_by_each_side_for_itself(rig: Rig) -> None:
    rig.tunnel.close(4401, "session-ended")
    rig.tunnel.close(4403, "blocked")
    assert rig.codes() == ([4401], [4401])
    assert [each.masked for each in rig.server.frames()] == [True]
    rig.client.received(frame(TEXT, b"late", masked=True))
    rig.register.received(frame(TEXT, b"late"))
    assert rig.codes() == ([4401], [4401])
    rig.client.received(close(4401, masked=True))
    assert (rig.browser.did, rig.server.did) == (["close"], [])
    rig.register.ended()
    assert rig.server.did == ["close"]
    assert rig.codes() == ([4401], [4401])
    assert rig.tunnel.ended_why == "session-ended"


async def test_a_close_of_ours_waits_for_the_end_of_a_frame_and_nothing_after_it_passes(rig: Rig) -> None:
    whole = frame(BINARY, b"x" * 500)
    rig.register.received(whole[:100])
    rig.tunnel.close(4403, "forbidden")
    assert rig.browser.written == whole[:100]
    rig.register.received(whole[100:300])
    rig.register.received(whole[300:] + frame(TEXT, b"next"))
    assert rig.browser.written.startswith(whole)
    assert [each.code for each in rig.browser.frames()] == [0, 4403]
    assert rig.codes()[1] == [4403]


async def test_a_close_that_is_on_its_way_is_not_followed_by_ours(rig: Rig) -> None:
    rig.register.received(close(1000))
    rig.tunnel.close(4401, "session-ended")
    assert rig.codes() == ([1000], [])


async def test_a_frame_that_never_ends_costs_its_receiver_the_connection() -> None:
    rig = Rig(close_in=0.05)
    rig.register.received(frame(BINARY, b"x" * 500)[:100])
    rig.tunnel.close(4403, "forbidden")
    assert rig.browser.did == []
    await eventually(lambda: "abort" in rig.browser.did)
    assert rig.server.frames()[-1].code == 4403
    await eventually(lambda: "abort" in rig.server.did)
    rig.client.lost()
    rig.register.lost()


@pytest.mark.parametrize(
    ("sent", "code", "why"),
    [
        (frame(TEXT, b"a"), 1002, "protocol-error"),
        (frame(BINARY, b"a" * 1_001, masked=True), 1009, "message-too-big"),
    ],
)
async def test_what_is_wrong_ends_it_for_both(rig: Rig, sent: bytes, code: int, why: str) -> None:
    rig.client.received(frame(TEXT, b"good", masked=True) + sent)
    assert rig.codes() == ([code], [code])
    assert rig.server.frames()[0].payload == b"good"
    # What the client still sends is read, so that no reset takes the Close frame from it.
    assert rig.browser.did == ["end"]
    rig.client.received(b"x" * 10_000)
    assert rig.codes() == ([code], [code])
    assert rig.tunnel.ended_why == why


async def test_silence_ends_it() -> None:
    rig = Rig(idle=0.1, close_in=0.05)
    await asyncio.sleep(0.05)
    rig.client.received(frame(PING, masked=True))
    heard = time.monotonic()
    await eventually(lambda: rig.codes() == ([1001], [1001]))
    assert time.monotonic() - heard > 0.099
    assert rig.tunnel.ended_why == "idle"
    await eventually(lambda: rig.browser.did == rig.server.did == ["abort"])
    rig.client.lost()
    rig.register.lost()


async def test_the_end_of_one_side_is_passed_on(rig: Rig) -> None:
    rig.client.ended()
    assert (rig.browser.did, rig.server.did) == ([], ["end"])
    rig.register.received(frame(TEXT, b"still"))
    assert rig.browser.written == frame(TEXT, b"still")
    rig.register.ended()
    assert rig.browser.did == ["close"]


@pytest.mark.parametrize("first", ["client", "register"])
async def test_a_lost_connection_closes_the_other(rig: Rig, first: str) -> None:
    end, other = (rig.client, rig.server) if first == "client" else (rig.register, rig.browser)
    end.lost()
    assert other.did == ["close"]


async def test_a_close_without_an_answer_is_not_waited_for() -> None:
    rig = Rig(close_in=0.05)
    rig.client.received(close(1000, masked=True))
    await eventually(lambda: rig.browser.did == rig.server.did == ["abort"])
    rig.client.lost()
    rig.register.lost()
    await rig.tunnel.wait()


async def test_a_side_that_has_enough_stops_the_other(rig: Rig) -> None:
    rig.register.paused()
    rig.register.resumed()
    rig.client.paused()
    assert rig.browser.did == ["pause", "resume"]
    assert rig.server.did == ["pause"]


async def test_waiting_that_is_given_up_leaves_it_open(rig: Rig) -> None:
    waiting = asyncio.ensure_future(rig.tunnel.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    rig.client.received(frame(TEXT, b"a", masked=True))
    assert rig.server.written


async def test_a_stopping_server_says_that_it_goes_away(rig: Rig) -> None:
    rig.client.stopping()
    assert rig.codes() == ([1001], [1001])
    assert rig.tunnel.ended_why == "stopping"
