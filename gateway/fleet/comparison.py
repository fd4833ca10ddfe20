"""The gateways that share a session store, as one of their workers sees them: are they alike, and do the clocks agree?"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog

from gateway import __version__
from gateway.background import Loop
from gateway.errors import StoreUnavailable
from gateway.events import FleetSeen, OnEvent
from gateway.observe.health import HealthStatus
from gateway.session.sessions import Sessions

log = structlog.get_logger()

ALIKE: Final = ("version", "rules", "policies", "settings")
"""What should be the same in all workers of an environment."""

CLOCK: Final = "clock_ahead"
"""In a report: by how many seconds the clock of that machine is ahead of the store's; absent where that has none."""

_LOOK_EVERY: Final = 5.0
# New rules and new versions go live on one machine after the other.
_UNLIKE_FOR: Final = 60.0
_MOST_AHEAD: Final = 5.0


def fleet_report(rules: str, policies: str, settings: str) -> Mapping[str, str]:
    """What a process of this version reports, by the hashes of its rules, of the code of its own policies and of its settings."""
    return {"version": __version__, "rules": rules[:13], "policies": policies, "settings": settings}


def fleet_differences(reports: Sequence[Mapping[str, Any]]) -> Mapping[str, Mapping[str, list[str]]]:
    """By what differs: which hosts have which. Empty where all workers are alike."""
    found: dict[str, Mapping[str, list[str]]] = {}
    for name in ALIKE:
        hosts: dict[str, set[str]] = {}
        for each in reports:
            if name in each:
                hosts.setdefault(str(each[name]), set()).add(str(each.get("host", "?")))
        if len(hosts) > 1:
            found[name] = {value: sorted(each) for value, each in hosts.items()}
    return found


def difference_words(found: Mapping[str, Mapping[str, list[str]]]) -> list[str]:
    """The same for operators, one line for each."""
    return [
        f"{name} differ: "
        + "; ".join(f"{value} on {', '.join(hosts)}" for value, hosts in sorted(each.items()))
        for name, each in found.items()
    ]


class Fleet:
    """Looks every few seconds. `alike` gives this process's own version, rules and settings.

    `clock` gives seconds since the epoch, `steady` never goes back.
    """

    def __init__(
        self,
        sessions: Sessions,
        alike: Callable[[], Mapping[str, str]],
        *,
        clock: Callable[[], float],
        steady: Callable[[], float],
        on_event: OnEvent,
    ) -> None:
        self._board = sessions.board
        self._store = sessions.store
        self._alike = alike
        self._clock = clock
        self._steady = steady
        self._on_event = on_event
        self._ahead: float | None = None
        self._unlike: Sequence[str] = ()
        self._unlike_since: float | None = None
        self._loop = Loop("fleet", self._turn, pause=_LOOK_EVERY, on_event=on_event)

    async def start(self) -> None:
        """Look from now on."""
        self._loop.start(at_once=True)

    async def aclose(self) -> None:
        """Stop looking."""
        await self._loop.aclose()

    def about(self) -> Mapping[str, Any]:
        """What this process reports of itself."""
        return {**self._alike(), **({CLOCK: round(self._ahead, 1)} if self._ahead is not None else {})}

    async def check(self) -> HealthStatus:
        """Whether all gateways have been alike lately; this one serves in any case."""
        since = self._unlike_since
        lasting = since is not None and self._steady() - since >= _UNLIKE_FOR
        return HealthStatus(True, "; ".join(self._unlike), degraded=lasting)

    async def check_clock(self) -> HealthStatus:
        """Whether the clock agrees with that of the session store."""
        ahead = self._ahead or 0.0
        if abs(ahead) <= _MOST_AHEAD:
            return HealthStatus(True)
        side = "ahead of" if ahead > 0 else "behind"
        words = f"the clock of this machine is {abs(ahead):.0f} s {side} that of the session store: synchronize both (NTP)"
        return HealthStatus(True, words, degraded=True)

    async def _turn(self, _asked: bool) -> None:
        # Where the store gives no answer, the check of the sessions says so.
        with contextlib.suppress(StoreUnavailable):
            await self.look()

    async def look(self) -> None:
        """Look once. Raises StoreUnavailable."""
        lost = not await self._board.marked()
        if lost:
            await self._board.serve()
            log.error(
                "the session store lost what it held: everybody has to log in again; blocks and other orders are put back"
            )
        before = self._clock()
        there = await self._store.time()
        if there is not None:
            self._ahead = (before + self._clock()) / 2 - there
        reports = list((await self._board.reports()).values())
        self._unlike = difference_words(fleet_differences(reports))
        if not self._unlike:
            self._unlike_since = None
        elif self._unlike_since is None:
            self._unlike_since = self._steady()
        self._on_event(FleetSeen(len(reports), self._ahead or 0.0, store_lost=lost))
