"""Carries out, in one worker process, what operators order through the session store, and reports that."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.background import Loop
from gateway.blocks.block_list import BLOCKS
from gateway.blocks.blocks import Blocks
from gateway.errors import StoreUnavailable
from gateway.events import OnEvent, ignore
from gateway.fleet.shared_order import SharedOrder
from gateway.observe.health import HealthStatus
from gateway.session.board import SealedElsewhere
from gateway.session.sessions import Sessions
from gateway.session.ticket import session_id

log = structlog.get_logger()

REVOKED: Final = "revoked:"
_PUBLIC_ID: Final = 16
# A process is taken for gone when it has not reported for this long.
_REPORT_VALID: Final = 30.0
_REPORT_EVERY: Final = 5.0
# Orders that did not change are read again this often, because our keys may have.
_READ_EVERY: Final = 10.0
# How late a look may be before the blocks no longer count as current.
_LATE: Final = 5.0


def revoked(keys: Sequence[bytes]) -> bytes:
    """The order that says that the sessions under these keys of the store have ended.

    Their public ids come first: older gateways know sessions by those alone.
    """
    return json.dumps([*map(session_id, keys), *(key.hex() for key in keys)]).encode("ascii")


class Orders:
    """Looks at the board every `look_every` seconds.

    Shared blocks come into force, as do `more` orders, and sessions that were ended are forgotten. What the store lost is
    put back, from memory or from a copy: that of the blocks is the file `copy`. What `about` gives is reported beside the
    orders. `clock` gives seconds since the epoch, `steady` never goes back.
    """

    def __init__(
        self,
        sessions: Sessions,
        blocks: Blocks,
        *,
        copy: Path,
        look_every: float,
        clock: Callable[[], float],
        steady: Callable[[], float],
        on_event: OnEvent = ignore,
        more: Sequence[SharedOrder] = (),
        about: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._about = about
        self._board = sessions.board
        self._sessions = sessions
        self._in_force = blocks
        self._blocks = SharedOrder(BLOCKS.name, sessions.board, blocks.take_shared, copy)
        self._shared = (self._blocks, *more)
        self._look_every = look_every
        self._clock = clock
        self._steady = steady
        self._name = f"{_host()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._began = clock()
        self._seen: Mapping[str, bytes] = {}
        self._read_at = -_READ_EVERY
        self._ended: tuple[str, ...] = ()
        self._reported: tuple[float, Any] = (-_REPORT_EVERY, None)
        self._looked_at: float | None = None
        self._loop = Loop("orders", self._turn, pause=look_every, on_event=on_event)
        self._trouble = ""
        self._unheard = ""

    async def start(self) -> None:
        """Carry out what is ordered, and go on looking. Raises StoreUnavailable; ValueError for orders that cannot be read."""
        await self._board.serve()
        for each in self._shared:
            await each.start()
        await self._look()
        self._looked_at = self._steady()
        self._loop.start()

    async def aclose(self) -> None:
        """Stop looking."""
        await self._loop.aclose()
        if self._looked_at is None:
            return
        self._looked_at = None
        try:
            await self._board.withdraw(self._name)
        except StoreUnavailable as problem:
            log.warning("the session store was not told that this process stops", reason=problem.detail)

    async def check(self) -> HealthStatus:
        """Whether the blocks are current. Never "not ready": those in force stay."""
        trouble = "; ".join(each for each in (self._lag(), self._in_force.trouble) if each)
        known = len(self._in_force.known)
        current = f"current: revision {self.revision} of the session store, {known} known here"
        unheard = f"; it cannot be reported: {self._unheard}" if self._unheard else ""
        detail = f"not current: {trouble}" if trouble else f"{current}{unheard}"
        return HealthStatus(True, detail, bool(trouble or unheard))

    def _lag(self) -> str:
        late = self._steady() - self._looked_at if self._looked_at is not None else 0.0
        if late > self._look_every + _LATE:
            return f"the shared blocks were last read {late:.0f} s ago: {self._trouble or 'no answer'}"
        return self._trouble

    @property
    def revision(self) -> int:
        """The revision of the shared blocks in force here; 0 where there never were any."""
        return self._blocks.revision

    async def _turn(self, _asked: bool) -> None:
        try:
            await self._look()
        except (StoreUnavailable, ValueError) as problem:
            trouble = getattr(problem, "detail", None) or str(problem) or repr(problem)
            if trouble != self._trouble:
                log.error("shared blocks cannot be read; those in force stay", reason=trouble)
            self._trouble = trouble
        except Exception as problem:
            self._trouble = repr(problem)
            raise
        else:
            self._looked_at, self._trouble = self._steady(), ""

    async def _look(self) -> None:
        stored, now = await self._board.orders(), self._steady()
        try:
            if stored != self._seen or now - self._read_at >= _READ_EVERY:
                await self._take_revoked(stored)
                await self._take_shared(stored)
                self._seen, self._read_at = stored, now
        finally:
            await self._tell()

    async def _take_shared(self, stored: Mapping[str, bytes]) -> None:
        problem: ValueError | None = None
        for each in self._shared:
            try:
                await each.look(stored)
            except ValueError as found:
                problem = problem or found
        if problem is not None:
            raise problem

    async def _take_revoked(self, stored: Mapping[str, bytes]) -> None:
        done: list[str] = []
        for name in (name for name in stored if name.startswith(REVOKED)):
            if name not in self._ended:
                try:
                    named = json.loads(self._board.read(name, stored[name]).content)
                except SealedElsewhere as problem:
                    log.error("an order to end sessions cannot be opened", order=name, reason=str(problem))
                    continue
                keys = [bytes.fromhex(each) for each in named if len(each) > _PUBLIC_ID]
                self._sessions.ended_elsewhere([each for each in named if len(each) == _PUBLIC_ID])
                await self._sessions.store.ended(keys)
            done.append(name)
        self._ended = tuple(done)

    async def _tell(self) -> None:
        """Report what was carried out. A store that can be read but not written leaves the orders in force current."""
        try:
            await self._report()
        except StoreUnavailable as problem:
            if not self._unheard:
                log.warning("which orders are in force here cannot be reported", reason=problem.detail)
            self._unheard = problem.detail
        else:
            self._unheard = ""

    async def _report(self) -> None:
        revoked = [name.removeprefix(REVOKED) for name in self._ended]
        done: dict[str, Any] = {**self._about(), "revoked": revoked}
        for each in self._shared:
            done |= each.report()
        now = self._steady()
        if done == self._reported[1] and now - self._reported[0] < _REPORT_EVERY:
            return
        host, pid, _ = self._name.split(":")
        about = {"host": host, "pid": int(pid), "since": self._began, "at": self._clock(), **done}
        await self._board.report(self._name, about, seconds=_REPORT_VALID)
        self._reported = (now, done)


def _host() -> str:
    name = socket.gethostname().encode("ascii", "replace").decode()
    return name.replace(":", "-") or "unknown"
