"""Spans on their way to a collector that takes them, refuses them, is slow or is not there."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.observe import span_sender
from gateway.observe.settings import TracingSettings
from gateway.observe.span_sender import SpanSender
from gateway.observe.trace import Span, Traced
from gateway.outgoing.egress import DIRECT
from tests.collector import Collector, collector
from tests.waiting import until

ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def sink() -> Iterator[Collector]:
    with collector() as found:
        yield found


@pytest.fixture(autouse=True)
def soon(sink: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_sender, "_EVERY_SECONDS", 0.02)
    sink.status, sink.rejects = 200, 0
    sink.spans.clear()
    sink.headers.clear()


class Sending:
    """A sender and what it says of its spans."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.left: Counter[str] = Counter()
        chosen = TracingSettings.model_validate({"otlp": url, **settings}, context={"folder": Path("/")})
        self.sender = SpanSender(chosen, {"service.name": "x"}, DIRECT, self._count)

    def _count(self, result: str, count: int) -> None:
        self.left[result] += count

    async def __aenter__(self) -> Sending:
        await self.sender.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.sender.aclose()

    def put(self, number: int = 1) -> None:
        self.sender.put(
            [Traced(ID, "", Span(f"s{each}", "0" * 15 + "1", "", 1, 2)) for each in range(number)]
        )

    async def until(self, **left: int) -> None:
        assert await asyncio.to_thread(until, lambda: self.left == left, 10.0), self.left


async def test_they_arrive_with_the_secret(sink: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLECTOR_TOKEN", "Bearer geheim")
    async with Sending(sink.url, headers={"Authorization": "env:COLLECTOR_TOKEN"}) as sending:
        sending.put(3)
        await sending.until(sent=3)
    assert [span.name for span in sink.spans] == ["s0", "s1", "s2"]
    assert sink.headers[0]["authorization"] == "Bearer geheim"
    assert sink.headers[0]["content-type"] == "application/x-protobuf"
    assert sink.headers[0][":path"] == "/v1/traces"


async def test_the_last_ones_are_sent_at_the_end(sink: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_sender, "_EVERY_SECONDS", 60.0)
    async with Sending(sink.url) as sending:
        sending.put(2)
    assert sending.left == {"sent": 2}


async def test_a_full_batch_does_not_wait(sink: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_sender, "_EVERY_SECONDS", 60.0)
    async with Sending(sink.url) as sending:
        assert await asyncio.to_thread(until, lambda: sending.sender._loop is not None, 10.0)
        sending.put(600)
        await sending.until(sent=600)


async def test_a_collector_that_refuses(sink: Collector) -> None:
    async with Sending(sink.url) as sending:
        sink.rejects = 1
        sending.put(3)
        await sending.until(sent=2, failed=1)
        sink.status = 503
        sending.put(2)
        await sending.until(sent=2, failed=3)
        sink.status, sink.rejects = 200, 0
        sending.put(4)
        await sending.until(sent=6, failed=3)


async def test_a_collector_that_is_not_there_costs_neither_time_nor_memory() -> None:
    async with Sending("http://127.0.0.1:9/v1/traces") as sending:
        begun = time.perf_counter()
        for _ in range(1_000):
            sending.put(10)
        assert time.perf_counter() - begun < 2.0
        assert len(sending.sender._queue) <= 4_096
    assert sending.left["failed"] >= 512
    assert sending.left["failed"] + sending.left["dropped"] == 10_000
    assert sending.left["sent"] == 0


async def test_a_collector_that_never_answers_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_sender, "_LAST_WORD_SECONDS", 0.2)
    monkeypatch.setattr(span_sender, "_PATIENCE", 0.5)
    reached = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        async with Sending(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as sending:
            sending.put(5)
            await reached.wait()
            begun = time.perf_counter()
        assert time.perf_counter() - begun < 2.0
        await sending.until(failed=5)


async def test_a_secret_that_is_missing_is_said_at_the_start(sink: Collector) -> None:
    with pytest.raises(ValueError, match="NOT_THERE is not set"):
        async with Sending(sink.url, headers={"Authorization": "env:NOT_THERE"}):
            pass
