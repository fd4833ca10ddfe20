"""Sends spans to a collector from a thread of its own. Where the collector is slow or down, spans are lost, never requests."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import httpx2
import structlog

from gateway.observe.otlp import CONTENT_TYPE, encode, rejected
from gateway.observe.settings import TracingSettings
from gateway.observe.trace import Traced
from gateway.outgoing.answer_body import answer_body
from gateway.outgoing.egress import Egress

log = structlog.get_logger()

_MOST_WAITING: Final = 4_096
_BATCH: Final = 512
_EVERY_SECONDS: Final = 2.0
_PATIENCE: Final = 5.0
_LONGEST_PAUSE: Final = 60.0
_LAST_WORD_SECONDS: Final = 3.0
_MOST_ANSWER: Final = 65_536

Left = Callable[[str, int], None]


class SpanSender:
    """A bounded queue, and the thread that empties it. `on_left` counts spans as sent, failed or dropped, from the thread
    too. After a failure it waits twice as long, up to a minute."""

    def __init__(
        self, settings: TracingSettings, resource: Mapping[str, str], egress: Egress, on_left: Left
    ) -> None:
        self._settings = settings
        self._resource = resource
        self._egress = egress
        self._on_left = on_left
        self._queue: deque[Traced] = deque()
        self._headers: dict[str, str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._closing = False
        self._pause = _EVERY_SECONDS
        self._thread = threading.Thread(target=self._run, name="trace-spans", daemon=True)

    async def start(self) -> None:
        """Read the secrets and begin. Raises ValueError with a message for operators."""
        self._headers = await asyncio.to_thread(self._read)
        self._thread.start()

    async def aclose(self) -> None:
        """Send what waits, if that takes no more than a few seconds."""
        self._closing = True
        self._ring()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, _LAST_WORD_SECONDS)
        self._lose("dropped", len(self._queue))

    def put(self, spans: Sequence[Traced]) -> None:
        """Send these sometime; where too many wait already they are lost."""
        if len(self._queue) + len(spans) > _MOST_WAITING:
            self._lose("dropped", len(spans))
            return
        self._queue.extend(spans)
        if len(self._queue) >= _BATCH:
            self._ring()

    def _lose(self, how: str, count: int) -> None:
        if count:
            self._on_left(how, count)

    def _ring(self) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                loop.call_soon_threadsafe(self._wake.set)

    def _read(self) -> dict[str, str]:
        try:
            return {name: secret.read().decode("ascii") for name, secret in self._settings.headers.items()}
        except UnicodeDecodeError as problem:
            raise ValueError("observe.tracing.headers: a header is ASCII text") from problem

    def _run(self) -> None:
        try:
            asyncio.run(self._send_all(self._egress.transport()))
        except Exception as problem:  # noqa: BLE001 - a gateway goes on without traces
            log.error("traces are not sent any more", error=repr(problem))

    async def _send_all(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._loop = asyncio.get_running_loop()
        async with httpx2.AsyncClient(transport=transport, timeout=_PATIENCE, trust_env=False) as client:
            closing = False
            while not closing:
                if not self._closing:
                    await self._wait()
                closing = self._closing
                while self._queue and await self._send(client):
                    pass

    async def _wait(self) -> None:
        """Until the next batch is due, full, or the last. After a failure, a full batch is not sent at once."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pause):
                await self._wake.wait()
                while self._pause > _EVERY_SECONDS and not self._closing:
                    self._wake.clear()
                    await self._wake.wait()
        self._wake.clear()

    async def _send(self, client: httpx2.AsyncClient) -> bool:
        """One batch; whether the collector took it."""
        batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
        headers = {**self._headers, "content-type": CONTENT_TYPE}
        try:
            async with asyncio.timeout(_PATIENCE):
                asked = client.stream(
                    "POST", self._settings.otlp, content=encode(self._resource, batch), headers=headers
                )
                async with asked as answer:
                    body = await _bounded(answer)
            why = "" if answer.is_success else f"it answered {answer.status_code}"
        except Exception as problem:  # noqa: BLE001 - whatever it is, the next batch is tried
            why, body = str(problem) or type(problem).__name__, b""
        refused = len(batch) if why else min(len(batch), rejected(body))
        self._lose("failed", refused)
        self._lose("sent", len(batch) - refused)
        self._say(why)
        return not why

    def _say(self, why: str) -> None:
        if why and self._pause == _EVERY_SECONDS:
            log.warning("traces cannot be sent", collector=self._settings.otlp, reason=why)
        elif not why and self._pause > _EVERY_SECONDS:
            log.info("traces are sent again", collector=self._settings.otlp)
        self._pause = min(_LONGEST_PAUSE, 2 * self._pause) if why else _EVERY_SECONDS


async def _bounded(answer: httpx2.Response) -> bytes:
    """Nothing where the body is too large: the collector took the spans, whatever it says."""
    with contextlib.suppress(ValueError):
        return await answer_body(answer.aiter_raw(), _MOST_ANSWER)
    return b""
