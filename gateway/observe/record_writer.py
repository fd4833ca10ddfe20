"""Brings decision records from the requests to the disk: in order, off the hot path, none lost on the way out."""

from __future__ import annotations

import asyncio
import errno
import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import structlog

from gateway.events import (
    CandidateChanged,
    ClientRefused,
    Event,
    OnEvent,
    RecordsDropped,
    RulesChanged,
    RulesLoaded,
    ignore,
)
from gateway.files.reason import reason
from gateway.key_files.keyring import Key
from gateway.observe.chain import Chain, ChainKey, Mark
from gateway.observe.decision_record import VERSION, Pseudonyms, RecordEntry, timestamp
from gateway.observe.event_record import fields_of, wire_entry
from gateway.observe.health import HealthStatus
from gateway.observe.masking import clean
from gateway.observe.record_encoder import RecordEncoder
from gateway.observe.record_file import Output, Space
from gateway.observe.record_thread import Batch, RecordThread
from gateway.observe.refusal_room import RefusalRoom
from gateway.observe.sealed_head import HeadBroken, SealedHead
from gateway.observe.settings import ObserveSettings

log = structlog.get_logger()

# Lines are made on the event loop, a few at a time between requests, and written by a thread. A thread that makes
# them as well takes the interpreter lock from the requests again and again, which costs them more than the lines do.
# So does a thread that is woken for every few lines: it gets all of the last moment at once. A line of a long path takes
# a millisecond: then others come first, unless that leaves too many behind.
_BATCH, _LONG, _MANY = 25, 0.001, 200
_LINGER_SECONDS, _LUMP = 0.05, 1_000
_OCTETS: Final = 2_048  # that records which wait take each at most, on average
_FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))

_json = json.JSONEncoder(separators=(",", ":"), default=str).encode

Entry = RecordEntry | Mapping[str, Any]


class DecisionRecords:
    """The decision records of one process, as one chain. `keys` reads those for pseudonyms, `sealing` those for the
    chain, each the one to use first.

    Of the extra claims only those that the rules in force or the candidate rules read are recorded. `clock` gives
    seconds since the epoch.
    """

    def __init__(
        self,
        settings: ObserveSettings,
        environment: str,
        *,
        keys: Callable[[], Sequence[bytes]],
        sealing: Callable[[], Sequence[Key]],
        clock: Callable[[], float],
        on_event: OnEvent = ignore,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._read_keys = keys
        self._read_sealing = sealing
        self._encoder: RecordEncoder | None = None
        self._rule_claims: frozenset[str] = frozenset()
        self._candidate_claims: frozenset[str] = frozenset()
        self._clock = clock
        self._on_event = on_event
        self._entries: deque[Entry] = deque()
        self._due: asyncio.Handle | None = None
        self._made: list[bytes] = []
        self._lost = 0
        self._open = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: RecordThread | None = None
        self._output: Output | None = None
        self._space: Space | None = None
        self._head: SealedHead | None = None
        self._chain: Chain | None = None
        self._room = RefusalRoom(clock)
        self._summary: asyncio.Handle | None = None

    async def start(self) -> None:
        """Read the keys, open the file and begin a chain. Raises ValueError where one of these fails.

        A full disk is not a failure: see `records_when_full`.
        """
        if self._settings.records.kind == "none" or self._open:
            return
        self.use_keys(self._read_keys())
        keys = self._chain_keys(self._read_sealing())
        path = self._settings.records.path
        self._output = output = Output(path)
        self._space = Space(output)
        self._head = SealedHead(path, keys) if path is not None else None
        self._chain = Chain(secrets.token_hex(8), keys[0])
        try:
            trouble = await asyncio.to_thread(self._begin, output, self._chain)
        except OSError as problem:
            raise ValueError(f"cannot write decision records to {path}: {reason(problem)}") from problem
        self._loop = asyncio.get_running_loop()
        self._thread = RecordThread(
            output,
            self._head,
            complaint_interval=self._settings.complaint_interval,
            on_event=self._on_event,
            trouble=trouble,
        )
        self._open = True
        self._thread.start()
        self._hand_over()

    def use_keys(self, keys: Sequence[bytes]) -> None:
        """Make pseudonyms with the first of these keys from now on, and note those under the others beside them."""
        first, *others = (Pseudonyms(key, self._environment) for key in keys)
        self._encoder = RecordEncoder(self._environment, first, others=others)
        self._record_claims()

    def use_sealing(self, keys: Sequence[Key]) -> None:
        """Seal with the first of these keys from now on: in a chain of its own, which refers to the one before."""
        if self._chain is None or not self._open:
            return
        found = self._chain_keys(keys)
        if self._head is not None:
            self._head.use_keys(found)
        if found[0].id == self._chain.key.id:
            return
        while self._entries:
            self._make()
        self._made.append(self._chain.link(_json(self._event({"kind": "end"}))))
        ended = self._hand_over(ended=True)
        self._chain = Chain(secrets.token_hex(8), found[0])
        self._made.append(self._first_line(self._chain, (ended,)))
        self._hand_over()

    async def aclose(self) -> None:
        """Write all that waits, end the chain and close. Gives up on a disk that stays full after a few seconds."""
        thread = self._thread
        if not self._open or thread is None:
            return
        self._open = False
        self._entries.extend(self._event(each) for each in self._room.summaries())
        self._entries.append(self._event({"kind": "end"}))
        for handle in (self._due, self._summary):
            if handle is not None:
                handle.cancel()
        while self._entries:
            self._make()
        self._hand_over(ended=True)
        if not await asyncio.to_thread(thread.close):
            log.error("decision records were not all written", waiting=thread.waiting)
        elif self._output is not None:
            self._output.close()

    def write(self, entry: Entry) -> None:
        """Remember a request, or an event of another kind (a mapping with `kind`). Never blocks, never raises."""
        if not self._open:
            return
        if self._too_many_wait:
            self._lost += 1
            self._on_event(RecordsDropped(1))
            return
        self._entries.append(entry if isinstance(entry, RecordEntry) else self._event(entry))
        if self._due is None and self._loop is not None:
            self._due = self._loop.call_later(_LINGER_SECONDS, self._make_some)

    def write_refused(self, entry: RecordEntry) -> None:
        """Remember a request of nobody known that ended before a decision; many of one kind are counted instead."""
        if not self._open:
            return
        refusal = entry.refusal
        if self._room.take((refusal.reason if refusal else None) or "unknown", entry.client):
            self.write(entry)
        elif self._summary is None and self._loop is not None:
            self._summary = self._loop.call_later(self._room.EVERY, self._summarize)

    @property
    def full(self) -> bool:
        """Whether records cannot be written at the moment."""
        thread = self._thread
        return thread is not None and (bool(thread.trouble) or self._too_many_wait)

    @property
    def _too_many_wait(self) -> bool:
        """A record is as long as its path: thousands of the longest would fill the memory."""
        most, thread = self._settings.records_queue, self._thread
        return self.waiting >= most or (thread is not None and thread.octets >= most * _OCTETS)

    async def check(self) -> HealthStatus:
        """What is wrong with the records. Not ready where nothing is let through without one."""
        thread = self._thread
        if thread is None:
            return HealthStatus(True, "")
        why = thread.trouble or ("too many wait to be written" if self.full else "")
        lacking = await self._space.lacking() if not why and self._space is not None else False
        if lacking:
            # Another worker may have noticed it, and this one not yet.
            why = "the disk is full"
        if not why:
            # What such a disk does not take waits, and counts once that is too much.
            words = thread.head_trouble or ("the disk does not answer in time" if lacking is None else "")
            return HealthStatus(True, words, bool(words))
        words = f"cannot be written: {why}; {thread.waiting:,} wait"
        if self._settings.records_when_full == "deny":
            return HealthStatus(False, f"{words}; nothing is let through (records_when_full: deny)")
        return HealthStatus(True, f"{words}; requests go on (records_when_full: continue)", degraded=True)

    def on_event(self, event: Event) -> None:
        """Record what an auditor must know of, and follow which claims the rules read."""
        if isinstance(event, ClientRefused):
            if (entry := wire_entry(event, self._clock())) is not None:
                self.write_refused(entry)
            return
        if isinstance(event, RulesLoaded | RulesChanged):
            self._rule_claims = event.claims
            self._record_claims()
        elif isinstance(event, CandidateChanged):
            self._candidate_claims = event.claims
            self._record_claims()
        fields = fields_of(event)
        if fields is not None:
            self.write(fields)

    def _begin(self, output: Output, chain: Chain) -> str:
        """Open the file and write the first line, which refers to the chains before it; the trouble of a full disk."""
        output.open()
        self._check_owner(output)
        lines: list[bytes] = []

        def write(earlier: Iterable[Mark]) -> Mark:
            lines.append(self._first_line(chain, earlier))
            output.write(lines)
            return chain.mark(self._clock())

        try:
            if self._head is None:
                lines.append(self._first_line(chain, None))
            else:
                self._head.begin(write)
        except OSError as problem:
            if problem.errno not in _FULL:
                raise
            if chain.mark(0.0).seq < 0:
                lines.append(self._first_line(chain, self._marks_there()))
            self._made += lines
            return problem.strerror or "full"
        self._made += lines
        return ""

    def _check_owner(self, output: Output) -> None:
        try:
            owner = json.loads(output.first_line())["environment"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return  # It is empty, or damaged: the check of the records says so.
        if owner != self._environment:
            output.close()
            raise ValueError(
                f"{self._settings.records.path} contains the decision records of environment {owner!r:.40}, not"
                f" {self._environment!r}"
            )

    def _marks_there(self) -> Iterable[Mark]:
        try:
            return self._head.read() if self._head is not None else ()
        except (HeadBroken, OSError):
            return ()

    def _first_line(self, chain: Chain, earlier: Iterable[Mark] | None) -> bytes:
        after = {} if earlier is None else {"after": [each.to_dict() for each in earlier]}
        start = self._event({"kind": "start"})
        # The key's id under this name is not secret.
        return chain.link(_json({**start, "key": chain.key.id, **after}))

    def _chain_keys(self, keys: Iterable[Key]) -> list[ChainKey]:
        return [ChainKey.of(key, self._environment) for key in keys]

    def _record_claims(self) -> None:
        if self._encoder is not None:
            self._encoder.record_claims(self._rule_claims | self._candidate_claims)

    @property
    def waiting(self) -> int:
        """How many records are not written yet."""
        handed = self._thread.waiting if self._thread is not None else 0
        return len(self._entries) + len(self._made) + handed

    def _event(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        now = self._clock()
        common = {"v": VERSION, "time": timestamp(now), "now": now, "environment": self._environment}
        return {**common, **clean(fields)}

    def _summarize(self) -> None:
        self._summary = None
        for each in self._room.summaries():
            self.write(each)

    def _make_some(self) -> None:
        self._due = None
        self._make()
        if self._entries and self._loop is not None:
            self._due = self._loop.call_soon(self._make_some)
        if not self._entries or len(self._made) >= _LUMP:
            self._hand_over()

    def _make(self) -> None:
        if self._lost:
            self._made.append(self._gap(self._lost))
            self._lost = 0
        begun = time.perf_counter()
        for _ in range(min(_BATCH, len(self._entries))):
            self._made.append(self._line(self._entries.popleft()))
            if time.perf_counter() - begun > _LONG and len(self._entries) < _MANY:
                break

    def _hand_over(self, *, ended: bool = False) -> Mark:
        assert self._thread is not None
        assert self._chain is not None
        mark = self._chain.mark(self._clock(), ended=ended)
        self._thread.put(Batch(self._made, mark))
        self._made = []
        return mark

    def _line(self, entry: Any) -> bytes:
        assert self._chain is not None
        assert self._encoder is not None
        try:
            encode = self._encoder.encode if isinstance(entry, RecordEntry) else _json
            return self._chain.link(encode(entry))
        except Exception as problem:  # noqa: BLE001 - one strange record must not end the recording
            self._on_event(RecordsDropped(1))
            log.error("a decision record could not be made", error=type(problem).__name__)
            return self._gap(1)

    def _gap(self, lost: int) -> bytes:
        assert self._chain is not None
        return self._chain.link(_json(self._event({"kind": "gap", "lost": lost})))
