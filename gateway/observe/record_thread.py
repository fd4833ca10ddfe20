"""The thread that brings lines to the disk, in order, and notes how far their chains have come."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final

import structlog

from gateway.events import OnEvent, RecordsDropped
from gateway.observe.chain import Mark
from gateway.observe.record_file import Output
from gateway.observe.sealed_head import HeadBroken, SealedHead

log = structlog.get_logger()

_RETRY_SECONDS: Final = 1.0
_LAST_WORD_SECONDS: Final = 5.0
_NOTE_EVERY: Final = 1.0
# Another process may use a new key a moment before this one has it.
_HEAD_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines, and how far they bring their chain."""

    lines: list[bytes]
    mark: Mark

    @property
    def octets(self) -> int:
        return sum(map(len, self.lines))


class RecordThread:
    """Writes batches. While the disk is full they wait, in order; at the very end they are lost.

    `trouble` says why nothing can be written, "" where it can; `head_trouble` the same of the sealed head. `done` counts
    lines that nobody needs to wait for any longer. `on_event` is called from the thread.
    """

    def __init__(
        self,
        output: Output,
        head: SealedHead | None,
        *,
        complaint_interval: float,
        on_event: OnEvent,
        trouble: str = "",
    ) -> None:
        self._output = output
        self._head = head
        self._interval = complaint_interval
        self._on_event = on_event
        self._queue: SimpleQueue[Batch | None] = SimpleQueue()
        self._put = self._put_octets = 0
        self.done = self._done_octets = 0
        self.trouble = trouble
        self.head_trouble = ""
        # A disk that was full at the start may have had no room for it.
        self._makes_head = bool(trouble)
        self._marks: dict[str, Mark] = {}
        self._noted = float("-inf")
        self._head_broken_since: float | None = None
        self._complained = float("-inf")
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="decision-records", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, batch: Batch) -> None:
        """Write this after everything before it."""
        self._put += len(batch.lines)
        self._put_octets += batch.octets
        self._queue.put(batch)

    @property
    def waiting(self) -> int:
        """The number of lines that are not written yet."""
        return self._put - self.done

    @property
    def octets(self) -> int:
        """How long those lines are together."""
        return self._put_octets - self._done_octets

    def close(self) -> bool:
        """Write what waits; False where that could not be finished in a few seconds. Waits."""
        self._queue.put(None)
        self._closing.set()
        self._thread.join(_LAST_WORD_SECONDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        more = True
        while more:
            batches, more = self._take()
            lines = [line for batch in batches for line in batch.lines]
            count, octets = len(lines), sum(batch.octets for batch in batches)
            if self._deliver(lines):
                self._marks |= {batch.mark.chain: batch.mark for batch in batches}
            self.done += count
            self._done_octets += octets
            if self._marks and (not more or time.monotonic() - self._noted >= _NOTE_EVERY):
                self._note()

    def _take(self) -> tuple[list[Batch], bool]:
        """All batches that are ready; and whether there may be more later."""
        found: list[Batch] = []
        try:
            each = self._queue.get(timeout=_NOTE_EVERY if self._marks else None)
            while each is not None:
                found.append(each)
                each = self._queue.get_nowait()
        except Empty:
            return found, True
        return found, False

    def _deliver(self, lines: list[bytes]) -> bool:
        while lines:
            try:
                self._output.write(lines)
            except Exception as problem:  # noqa: BLE001 - whatever it is, the thread must go on
                self._complain(problem)
                if self._closing.wait(_RETRY_SECONDS):
                    return self._last_try(lines)
            else:
                self.trouble = ""
        return True

    def _last_try(self, lines: list[bytes]) -> bool:
        try:
            self._output.write(lines)
        except Exception as problem:  # noqa: BLE001 - as above
            self._on_event(RecordsDropped(len(lines)))
            self._complain(problem, final=True)
            return False
        return True

    def _note(self) -> None:
        now = self._noted = time.monotonic()
        if self._head is None:
            self._marks.clear()
            return
        try:
            self._head.note(self._marks.values(), make=self._makes_head)
        except (HeadBroken, OSError) as problem:
            since = self._head_broken_since = self._head_broken_since or now
            if now - since < _HEAD_PATIENCE or self.head_trouble:
                return
            self.head_trouble = f"the sealed head cannot be written: {_words(problem)}"
            log.error("the sealed head of decision records cannot be written", reason=_words(problem))
        else:
            self._marks.clear()
            self._makes_head = False
            self._head_broken_since, self.head_trouble = None, ""

    def _complain(self, problem: Exception, *, final: bool = False) -> None:
        self.trouble = _words(problem)
        now = time.monotonic()
        if final or now - self._complained >= self._interval:
            self._complained = now
            log.error(
                "decision records cannot be written", reason=self.trouble, waiting=self.waiting, lost=final
            )


def _words(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem) or repr(problem)
