"""Brings decision records from the requests to the disk: in order, off the hot path, none lost on the way out."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Final

import structlog

from gateway.events import (
    BlocksChanged,
    CandidateChanged,
    EmergencyClosed,
    EmergencyOpened,
    Event,
    KeyChanged,
    MaintenanceChanged,
    OnEvent,
    RecordsDropped,
    RulesChanged,
    RulesLoaded,
    RulesRefused,
    WebSocketEnded,
    ignore,
)
from gateway.observe.chain import Chain
from gateway.observe.decision_record import VERSION, AuditEntry, Pseudonyms, RecordEncoder, timestamp
from gateway.observe.masking import clean
from gateway.observe.record_file import Output
from gateway.observe.settings import ObserveSettings

log = structlog.get_logger()

# Lines are made on the event loop, a few at a time between requests, and written by a thread. A thread that makes
# them as well takes the interpreter lock from the requests again and again, which costs them more than the lines do.
# So does a thread that is woken for every few lines: it gets all of the last moment at once.
_BATCH: Final = 25
_LINGER_SECONDS: Final = 0.05
_LUMP: Final = 1_000
_RETRY_SECONDS: Final = 1.0
_LAST_WORD_SECONDS: Final = 5.0

_json = json.JSONEncoder(separators=(",", ":"), default=str).encode

Entry = AuditEntry | Mapping[str, Any]


class DecisionRecords:
    """The decision records of one process, as one chain. `keys` reads those for pseudonyms, the one to use first.

    Of the extra claims only those that the rules in force or the candidate rules read are recorded. `clock` gives
    seconds since the epoch.
    """

    def __init__(
        self,
        settings: ObserveSettings,
        environment: str,
        *,
        keys: Callable[[], Sequence[bytes]],
        clock: Callable[[], float],
        on_event: OnEvent = ignore,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._read_keys = keys
        self._encoder: RecordEncoder | None = None
        self._rule_claims: frozenset[str] = frozenset()
        self._candidate_claims: frozenset[str] = frozenset()
        self._clock = clock
        self._on_event = on_event
        self._entries: deque[Entry] = deque()
        self._due: asyncio.Handle | None = None
        self._made: list[bytes] = []
        self._queue: SimpleQueue[list[bytes] | None] = SimpleQueue()
        # Lines made for the thread are counted here, lines that are done with there: each side only writes its own.
        self._handed = 0
        self._done = 0
        self._lost = 0
        self._open = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._output: Output | None = None
        self._chain = Chain("")
        self._complained = float("-inf")

    async def start(self) -> None:
        """Read the key, open the file and begin to write. Raises ValueError where one of these fails."""
        if self._settings.records.kind == "none" or self._open:
            return
        self.use_keys(self._read_keys())
        path = self._settings.records.path
        output = Output(path)
        try:
            await asyncio.to_thread(output.open)
        except OSError as problem:
            raise ValueError(f"cannot write decision records to {path}: {problem.strerror}") from problem
        self._output = output
        self._chain = Chain(secrets.token_hex(8))
        self._closing.clear()
        self._loop = asyncio.get_running_loop()
        self._open = True
        self.write({"kind": "start"})
        self._thread = threading.Thread(target=self._run, name="decision-records", daemon=True)
        self._thread.start()

    def use_keys(self, keys: Sequence[bytes]) -> None:
        """Make pseudonyms with the first of these keys from now on, and note those under the others beside them."""
        first, *others = (Pseudonyms(key, self._environment) for key in keys)
        self._encoder = RecordEncoder(self._environment, first, others=others)
        self._record_claims()

    async def aclose(self) -> None:
        """Write all that waits, end the chain and close. Gives up on a disk that stays full after a few seconds."""
        if not self._open:
            return
        self._open = False
        self._entries.append(self._event({"kind": "end"}))
        if self._due is not None:
            self._due.cancel()
        while self._entries:
            self._make()
        self._hand_over()
        self._queue.put(None)
        self._closing.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.join, _LAST_WORD_SECONDS)
        if thread is not None and thread.is_alive():
            log.error("decision records were not all written", waiting=self._waiting())
        elif self._output is not None:
            self._output.close()

    def write(self, entry: Entry) -> None:
        """Remember a request, or an event of another kind (a mapping with `kind`). Never blocks, never raises."""
        if not self._open:
            return
        if self._waiting() >= self._settings.records_queue:
            self._lost += 1
            self._on_event(RecordsDropped(1))
            return
        self._entries.append(entry if isinstance(entry, AuditEntry) else self._event(entry))
        if self._due is None and self._loop is not None:
            self._due = self._loop.call_later(_LINGER_SECONDS, self._make_some)

    def on_event(self, event: Event) -> None:
        """Record what an auditor must know of, and follow which claims the rules read."""
        if isinstance(event, RulesLoaded | RulesChanged):
            self._rule_claims = event.claims
            self._record_claims()
        elif isinstance(event, CandidateChanged):
            self._candidate_claims = event.claims
            self._record_claims()
        fields = _fields(event)
        if fields is not None:
            self.write(fields)

    def _encoded(self, entry: AuditEntry) -> str:
        if self._encoder is None:
            raise RuntimeError("DecisionRecords.start() comes first")
        return self._encoder.encode(entry)

    def _record_claims(self) -> None:
        if self._encoder is not None:
            self._encoder.record_claims(self._rule_claims | self._candidate_claims)

    def _waiting(self) -> int:
        return len(self._entries) + self._handed - self._done

    def _event(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        now = self._clock()
        common = {"v": VERSION, "time": timestamp(now), "now": now, "environment": self._environment}
        return {**common, **clean(fields)}

    def _gap(self, lost: int) -> bytes:
        return self._chain.link(_json(self._event({"kind": "gap", "lost": lost})))

    def _make_some(self) -> None:
        self._due = None
        self._make()
        if self._entries and self._loop is not None:
            self._due = self._loop.call_soon(self._make_some)
        if not self._entries or len(self._made) >= _LUMP:
            self._hand_over()

    def _make(self) -> None:
        before = len(self._made)
        if self._lost:
            self._made.append(self._gap(self._lost))
            self._lost = 0
        self._made.extend(self._line(self._entries.popleft()) for _ in range(min(_BATCH, len(self._entries))))
        self._handed += len(self._made) - before

    def _hand_over(self) -> None:
        self._queue.put(self._made)
        self._made = []

    def _line(self, entry: Entry) -> bytes:
        try:
            return self._chain.link(self._encoded(entry) if isinstance(entry, AuditEntry) else _json(entry))
        except Exception as problem:  # noqa: BLE001 - one strange record must not end the recording
            self._on_event(RecordsDropped(1))
            log.error("a decision record could not be made", error=type(problem).__name__)
            return self._gap(1)

    def _run(self) -> None:
        output = self._output
        assert output is not None
        more = True
        while more:
            lines, more = self._take()
            count = len(lines)
            self._deliver(output, lines)
            self._done += count

    def _take(self) -> tuple[list[bytes], bool]:
        """All lines that are ready, at least some; and whether there may be more later."""
        found = self._queue.get()
        lines: list[bytes] = []
        while found is not None:
            lines += found
            try:
                found = self._queue.get_nowait()
            except Empty:
                return lines, True
        return lines, False

    def _deliver(self, output: Output, lines: list[bytes]) -> None:
        while lines:
            try:
                output.write(lines)
            except Exception as problem:  # noqa: BLE001 - whatever it is, the thread must go on
                self._complain(problem)
                # While the disk is full the records wait here and in the queue; at the very end they are lost.
                if self._closing.wait(_RETRY_SECONDS):
                    self._last_try(output, lines)
                    return

    def _last_try(self, output: Output, lines: list[bytes]) -> None:
        try:
            output.write(lines)
        except Exception as problem:  # noqa: BLE001 - as above
            self._on_event(RecordsDropped(len(lines)))
            self._complain(problem, final=True)
            lines.clear()

    def _complain(self, problem: Exception, *, final: bool = False) -> None:
        now = time.monotonic()
        if final or now - self._complained >= self._settings.complaint_interval:
            self._complained = now
            log.error(
                "decision records cannot be written",
                reason=getattr(problem, "strerror", None) or repr(problem),
                waiting=self._waiting(),
                lost=final,
            )


def _fields(event: Event) -> Mapping[str, Any] | None:
    """What the record of an event says; None for an event that is not recorded."""
    match event:
        case WebSocketEnded(request_id, session, seconds, cut):
            ended = {"kind": "websocket", "request_id": request_id, "ms": round(seconds * 1000, 3)}
            return {**ended, **({"session": session} if session else {}), **({"cut": cut} if cut else {})}
        case RulesChanged(before, rules):
            return {"kind": "reload", "result": "ok", "before": before, "rules": rules}
        case RulesRefused(rules, problems):
            return {"kind": "reload", "result": "refused", "rules": rules, "problems": problems}
        case CandidateChanged(rules):
            return {"kind": "shadow", "rules": rules}
        case BlocksChanged(blocks):
            return {"kind": "blocks", "blocks": blocks}
        case EmergencyOpened(rule, opening, until, reason, asked_by, confirmed_by, rules):
            people = {"reason": reason, "by": asked_by, "confirmed_by": confirmed_by}
            about = {"rule": rule, "opening": opening, "until": until, "rules": rules}
            return {"kind": "emergency", "action": "in-force", **about, **people}
        case EmergencyClosed(rule, opening, by, rules):
            about = {"rule": rule, "opening": opening, "rules": rules}
            return {"kind": "emergency", "action": "ended", **about, "by": by or "end"}
        case MaintenanceChanged(current):
            return {"kind": "maintenance", "current": current}
        case KeyChanged(purpose, before, after):
            return {"kind": "keys", "purpose": purpose, "before": before, "after": after}
        case _:
            return None
