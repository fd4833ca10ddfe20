"""The registry of exchanges that last: when they are judged, and what ends them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial

import pytest

from gateway.errors import Forbidden, GatewayError, InternalFault, LoginRequired, StoreUnavailable
from gateway.events import BlocksChanged, Event, SessionEnded, StreamCut, StreamsCounted
from gateway.model import Decision
from gateway.upstream.live_streams import Cut, Streams
from gateway.upstream.stream_settings import StreamSettings
from tests.waiting import eventually

OFTEN = StreamSettings(judge_every=0.1, unjudged=0.25)
SELDOM = StreamSettings(judge_every=60.0)


class Judge:
    """Says what it was told to say, and remembers whom it was asked about."""

    def __init__(self) -> None:
        self.answers: dict[str, GatewayError | Exception] = {}
        self.asked: list[str] = []

    def was_asked(self, times: int) -> bool:
        return len(self.asked) >= times

    async def __call__(self, about: str) -> GatewayError | None:
        self.asked.append(about)
        answer = self.answers.get(about)
        if isinstance(answer, GatewayError) or answer is None:
            return answer
        raise answer


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
async def often(judge: Judge) -> AsyncIterator[Streams[str]]:
    streams = Streams[str](OFTEN, judge, lasting=0.0)
    await streams.start()
    yield streams
    await streams.aclose()


async def begun(
    streams: Streams[str], about: str, session: str | None = None, *, since: float | None = None
) -> asyncio.Task[None]:
    started = asyncio.Event()

    async def work() -> None:
        started.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(streams.carry(about, session, work(), since=since))
    await started.wait()
    return task


FORBIDDEN = Forbidden(Decision(False, "r", "right-missing"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (FORBIDDEN, "forbidden"),
        (LoginRequired("gone"), "session-ended"),
        (InternalFault("a policy raised"), "internal-fault"),
        (RuntimeError("the judge itself fails"), "internal-fault"),
        (StoreUnavailable("down"), "store-unavailable"),
    ],
)
async def test_what_may_not_go_on_ends(
    often: Streams[str], judge: Judge, answer: Exception, reason: str
) -> None:
    ends, goes_on = await begun(often, "ends"), await begun(often, "goes on")
    judge.answers["ends"] = answer
    with pytest.raises(Cut) as cut:
        await asyncio.wait_for(ends, 30)
    assert cut.value.reason == reason
    assert not goes_on.done()
    goes_on.cancel()
    with pytest.raises(asyncio.CancelledError):
        await goes_on


async def test_a_store_that_comes_back_in_time_ends_nothing(judge: Judge) -> None:
    streams = Streams[str](StreamSettings(judge_every=0.1, unjudged=30.0), judge, lasting=0.0)
    await streams.start()
    task = await begun(streams, "s")
    for _ in range(3):
        judge.answers["s"] = StoreUnavailable("down")
        seen = len(judge.asked)
        await eventually(partial(judge.was_asked, seen + 2))
        judge.answers.clear()
        await eventually(partial(judge.was_asked, seen + 4))
    assert not task.done()
    task.cancel()
    await streams.aclose()


async def test_soon_is_at_once(judge: Judge) -> None:
    streams = Streams[str](SELDOM, judge, lasting=0.0)
    await streams.start()
    task = await begun(streams, "s")
    judge.answers["s"] = FORBIDDEN
    before = time.monotonic()
    streams.on_event(BlocksChanged(()))
    with pytest.raises(Cut):
        await task
    assert time.monotonic() - before < 20
    await streams.aclose()


async def test_a_session_that_ends_ends_all_that_is_its_own(judge: Judge) -> None:
    streams = Streams[str](SELDOM, judge, lasting=0.0)
    first, second = await begun(streams, "a", "s-1"), await begun(streams, "b", "s-1")
    other, nobody = await begun(streams, "c", "s-2"), await begun(streams, "d")
    streams.on_event(SessionEnded("s-1"))
    for task in (first, second):
        with pytest.raises(Cut, match="the session has ended"):
            await task
    assert not other.done()
    assert not nobody.done()
    for task in (other, nobody):
        task.cancel()
    assert judge.asked == []


async def test_what_is_under_way_in_a_session_that_a_login_replaced_is_judged(judge: Judge) -> None:
    streams = Streams[str](SELDOM, judge, lasting=0.0)
    await streams.start()
    task = await begun(streams, "a", "s-1")
    streams.on_event(SessionEnded("s-1", replaced=True))
    await eventually(partial(judge.was_asked, 1))
    assert not task.done()
    task.cancel()
    await streams.aclose()


async def test_what_is_young_is_left_alone_and_looked_at_a_little_later(judge: Judge) -> None:
    streams = Streams[str](SELDOM, judge, lasting=1.0)
    await streams.start()
    judge.answers["old"] = judge.answers["young"] = FORBIDDEN
    before = asyncio.get_running_loop().time() - 1.1
    old = await begun(streams, "old", "s-1", since=before)
    young = await begun(streams, "young", "s-1")
    streams.on_event(SessionEnded("s-1"))
    with pytest.raises(Cut, match="the session has ended"):
        await old
    await asyncio.sleep(0.05)
    assert not young.done()
    with pytest.raises(Cut, match="right-missing"):
        await young
    await streams.aclose()


async def test_the_stop_of_the_server_wins_over_a_cut(judge: Judge) -> None:
    streams = Streams[str](SELDOM, judge, lasting=0.0)
    task = await begun(streams, "a", "s-1")
    streams.on_event(SessionEnded("s-1"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_lasts_is_counted_and_every_cut_is_published(judge: Judge) -> None:
    events: list[Event] = []
    streams = Streams[str](OFTEN, judge, on_event=events.append, lasting=0.0)
    await streams.start()
    tasks = [await begun(streams, str(number), f"s-{number}") for number in range(120)]
    await eventually(lambda: StreamsCounted(120) in events)
    streams.on_event(SessionEnded("s-7"))
    await asyncio.gather(tasks[7], return_exceptions=True)
    await eventually(lambda: StreamsCounted(119) in events)
    assert [event for event in events if isinstance(event, StreamCut)] == [StreamCut("session-ended")]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await eventually(lambda: events[-1] == StreamsCounted(0))
    await streams.aclose()


async def test_work_that_fails_by_itself_fails_as_itself(judge: Judge) -> None:
    streams = Streams[str](SELDOM, judge, lasting=0.0)

    async def broken() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await streams.carry("a", None, broken())


async def test_what_began_before_counts_from_its_beginning(judge: Judge) -> None:
    streams = Streams[str](SELDOM, judge)
    since = asyncio.get_running_loop().time() - 2.0
    task = asyncio.create_task(streams.carry("a", "s", asyncio.sleep(60), since=since))
    await asyncio.sleep(0)
    streams.session_ended("s")
    with pytest.raises(Cut):
        await task


async def test_a_judge_whose_own_work_was_cancelled_ends_the_stream_and_not_the_rounds() -> None:
    async def cancelled(about: str) -> GatewayError | None:
        if about == "odd":
            raise asyncio.CancelledError
        return Forbidden("x") if about in ended else None

    ended: set[str] = set()
    streams = Streams[str](OFTEN, cancelled, lasting=0.0)
    await streams.start()
    first, second = await begun(streams, "odd"), await begun(streams, "even")
    with pytest.raises(Cut):
        await first
    ended.add("even")
    with pytest.raises(Cut):
        await second
    await streams.aclose()
