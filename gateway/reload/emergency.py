"""Emergency rules that two people opened, in one worker: in force until their end, whatever becomes of the store or the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.background import Loop
from gateway.config import Config
from gateway.emergency.opening import OPENINGS, Opening
from gateway.errors import StoreUnavailable
from gateway.events import EmergencyClosed, EmergencyOpened, OnEvent
from gateway.fleet.shared_order import SharedOrder
from gateway.observe.decision_record import timestamp
from gateway.observe.health import HealthStatus
from gateway.orders.orders_in_force import OrdersInForce
from gateway.policy.in_force import OpenRule
from gateway.reload.rules import RulesReload
from gateway.session.board import Board

log = structlog.get_logger()

EMERGENCY: Final = "emergency"
_LOOK_EVERY: Final = 1.0
_LEAST_PAUSE: Final = 0.01
# By how much the clocks of two machines may differ.
_CLOCKS: Final = 60.0


class Emergencies:
    """Sets in `rules` which emergency rules are open, and notes on the board that one has ended.

    The first sight of an opening sets its deadline on the steady clock: no change of the other clock makes it longer. `clock`
    gives seconds since the epoch.
    """

    def __init__(
        self,
        rules: RulesReload,
        board: Board,
        path: Path,
        environment: str,
        *,
        look_every: float,
        clock: Callable[[], float],
        steady: Callable[[], float],
        on_event: OnEvent,
    ) -> None:
        self._rules = rules
        self._board = board
        self._path = path
        self._environment = environment
        self._clock = clock
        self._steady = steady
        self._on_event = on_event
        self._deadlines: dict[str, float] = {}
        self._over: set[str] = set()
        self._unmarked: set[str] = set()
        self._live: dict[str, Opening] = {}
        self._loop = Loop(EMERGENCY, self._turn, pause=_LOOK_EVERY, on_event=on_event)
        self._orders = OrdersInForce(
            OPENINGS,
            path,
            environment,
            changed=self._loop.soon,
            look_every=look_every,
            on_event=on_event,
        )

    @classmethod
    def of(
        cls,
        config: Config,
        environment: str,
        rules: RulesReload,
        board: Board,
        clock: Callable[[], float],
        steady: Callable[[], float],
        on_event: OnEvent,
    ) -> Emergencies:
        """The emergencies of this environment."""
        return cls(
            rules,
            board,
            config.orders_file(environment, EMERGENCY),
            environment,
            look_every=config.environment(environment).blocks.look_every,
            clock=clock,
            steady=steady,
            on_event=on_event,
        )

    def shared(self, copy: Path) -> SharedOrder:
        """What all gateways share of it, with this machine's copy."""
        return SharedOrder(EMERGENCY, self._board, self._orders.take_shared, copy, self._state)

    async def start(self) -> None:
        """Let what is open decide, and go on looking. Raises ValueError for a file that cannot be read."""
        await self._orders.start()
        await self._turn(False)
        self._loop.start()

    async def aclose(self) -> None:
        """Stop looking."""
        await self._loop.aclose()
        await self._orders.aclose()

    async def check(self) -> HealthStatus:
        """Which emergency rules are open; the gateway is ready in any case."""
        words = [
            f"{each.rule} is OPEN until {timestamp(self._ends(each))} ({each.id}, by {each.asked_by} and {each.confirmed_by})"
            for each in self._live.values()
        ]
        trouble = self._orders.trouble
        return HealthStatus(True, "; ".join((*words, *trouble)), degraded=bool(trouble))

    def _state(self) -> Mapping[str, Any]:
        return {"emergency_open": [each.opening for each in self._rules.in_force.open]}

    async def _turn(self, _asked: bool) -> None:
        now, steady = self._clock(), self._steady()
        wanted = [found for each in self._orders.known if (found := self._open_rule(each, now, steady))]
        await self._rules.open(wanted)
        self._publish({each.opening for each in self._rules.in_force.open})
        await self._mark_ends(now)
        ends = [min(each.until - now, each.deadline - steady) for each in wanted]
        self._loop.pause = max(_LEAST_PAUSE, min([_LOOK_EVERY, *ends]))

    def _open_rule(self, opening: Opening, now: float, steady: float) -> OpenRule | None:
        if opening.opened is None or opening.closed is not None or opening.id in self._over:
            return None
        if opening.rule not in self._rules.in_force.closed.emergencies:
            # Other gateways may have it already, or still.
            return None
        if opening.id not in self._deadlines and now < opening.opened - _CLOCKS:
            # The clock was set back: nobody knows how long ago that was.
            return None
        until = self._ends(opening)
        deadline = self._deadlines.setdefault(opening.id, steady + max(0.0, until - now))
        found = OpenRule(opening.rule, opening.id, until, deadline)
        if found.lasts(now, steady):
            return found
        self._over.add(opening.id)
        self._unmarked.add(opening.id)
        return None

    def _ends(self, opening: Opening) -> float:
        """When it ends at the latest, by what the rule of this moment says."""
        longest = self._rules.in_force.closed.emergencies.get(opening.rule, 0.0)
        return min(opening.until or 0.0, (opening.opened or 0.0) + longest)

    def _publish(self, live: set[str]) -> None:
        known = {each.id: each for each in self._orders.known}
        before, self._live = self._live, {name: known[name] for name in live if name in known}
        rules = self._rules.rules().hash
        for name, each in self._live.items():
            if name not in before:
                until = self._ends(each)
                people = {"asked_by": each.asked_by, "confirmed_by": each.confirmed_by}
                log.warning("emergency rule open", rule=each.rule, opening=name, reason=each.reason, **people)
                self._on_event(EmergencyOpened(each.rule, name, until, each.reason, **people, rules=rules))
        for name, each in before.items():
            if name not in self._live:
                by = known[name].closed_by if name in known else ""
                log.warning("emergency rule closed", rule=each.rule, opening=name, by=by or "its end")
                self._on_event(EmergencyClosed(each.rule, name, by, rules))

    async def _mark_ends(self, now: float) -> None:
        """Write down that an opening has ended, so that no clock that is set back opens it again.

        For all gateways only once it is over by the clock of the store: that of this machine may be ahead of all others.
        """
        if not self._unmarked:
            return

        def over(each: Opening) -> bool:
            return there is None or each.until is None or self._ends(each) <= there

        def ended(openings: Sequence[Opening]) -> tuple[Opening, ...]:
            return tuple(
                replace(each, closed=min(now, each.until or now)) if self._just_ended(each) else each
                for each in openings
            )

        def make(content: bytes | None) -> bytes | None:
            before = OPENINGS.parsed(content, self._environment, EMERGENCY) if content is not None else ()
            after = tuple(new if over(old) else old for old, new in zip(before, ended(before), strict=True))
            return OPENINGS.text(after, self._environment) if after != before else None

        try:
            there = await self._board.time()
            await self._board.change(EMERGENCY, make)
            if any(map(self._just_ended, self._orders.here)):
                await asyncio.to_thread(OPENINGS.change, self._path, self._environment, ended)
        except (StoreUnavailable, ValueError) as problem:
            # Tried again at the next turn; here it is over in any case.
            log.info("the end of an emergency is not written down yet", reason=str(problem))
        else:
            early = {each.id for each in self._orders.known if self._just_ended(each) and not over(each)}
            self._unmarked &= early

    def _just_ended(self, opening: Opening) -> bool:
        return opening.id in self._unmarked and opening.closed is None
