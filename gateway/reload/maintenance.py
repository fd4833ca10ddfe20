"""Maintenance in one worker: what the file plans, and what operators order through the session store or a file."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Final

import structlog

from gateway.background import Loop
from gateway.config import Config
from gateway.events import MaintenanceChanged, OnEvent
from gateway.fleet.shared_order import SharedOrder
from gateway.model import DecisionInput
from gateway.observe.decision_record import timestamp
from gateway.observe.health import HealthStatus
from gateway.orders.orders_in_force import OrdersInForce
from gateway.policy.maintenance import (
    MAINTENANCE,
    Current,
    Maintenance,
    Snapshot,
    snapshot,
    standing_in_the_way,
)
from gateway.reload.rules import RulesReload
from gateway.session.board import Board

log = structlog.get_logger()

NAME: Final = "maintenance"
_LOOK_EVERY: Final = 1.0
_LEAST_PAUSE: Final = 0.01
# No moment is in it.
_UNKNOWN: Final = Snapshot((), inf, -inf)


class Maintenances:
    """Says whether the register is in maintenance. `announced` is False where none is planned or ordered at all."""

    def __init__(
        self,
        rules: RulesReload,
        board: Board,
        path: Path,
        environment: str,
        *,
        look_every: float,
        clock: Callable[[], float],
        on_event: OnEvent,
    ) -> None:
        self._rules = rules
        self._board = board
        self._environment = environment
        self._clock = clock
        self._on_event = on_event
        self._all: tuple[Maintenance, ...] = ()
        self._made_of: object = None
        self._snapshot = _UNKNOWN
        self._live: tuple[str, ...] = ()
        self._loop = Loop(NAME, self._turn, pause=_LOOK_EVERY, on_event=on_event)
        self._orders = OrdersInForce(
            MAINTENANCE, path, environment, changed=self._changed, look_every=look_every, on_event=on_event
        )
        self.announced = False

    @classmethod
    def of(
        cls,
        config: Config,
        environment: str,
        rules: RulesReload,
        board: Board,
        clock: Callable[[], float],
        on_event: OnEvent,
    ) -> Maintenances:
        """The maintenances of this environment."""
        return cls(
            rules,
            board,
            config.orders_file(environment, NAME),
            environment,
            look_every=config.environment(environment).blocks.look_every,
            clock=clock,
            on_event=on_event,
        )

    def shared(self, copy: Path) -> SharedOrder:
        """What all gateways share of it, with this machine's copy."""
        return SharedOrder(NAME, self._board, self._orders.take_shared, copy)

    async def start(self) -> None:
        """Keep people out where that is due, and go on looking. Raises ValueError for a file that cannot be read."""
        await self._orders.start()
        await self._turn(False)
        self._loop.start()

    async def aclose(self) -> None:
        """Stop looking."""
        await self._loop.aclose()
        await self._orders.aclose()

    def keeps_out(self, decision_input: DecisionInput, *, open_stream: bool = False) -> Current | None:
        """The maintenance for which this request is refused. An `open_stream` may be kept to its end."""
        now = decision_input.now
        if not self._snapshot.since <= now < self._snapshot.until:
            self._snapshot = snapshot(self._all, now)
        current = self._snapshot.current
        if open_stream:
            current = tuple(each for each in current if each.maintenance.streams == "cut")
        return standing_in_the_way(current, decision_input) if current else None

    async def check(self) -> HealthStatus:
        """What is in maintenance. Always ready: a balancer must not take out the gateway, which has the page."""
        words = [
            f"{each.maintenance.id}: {each.maintenance.where}, since {timestamp(each.since)}"
            + (f" until {timestamp(each.until)}" if each.until < inf else ", without a known end")
            for each in snapshot(self._all, self._clock()).current
        ]
        trouble = self._orders.trouble
        return HealthStatus(True, "; ".join((*words, *trouble)), degraded=bool(trouble))

    def _changed(self) -> None:
        self._made_of = None
        self._gather()
        self._loop.soon()

    def _gather(self) -> None:
        """Put together what the configuration in force plans and what operators ordered."""
        config = self._rules.config
        if self._made_of is config:
            return
        self._made_of = config
        settings, now = config.environment(self._environment), self._clock()
        folds = settings.paths.case == "insensitive"
        ordered = (
            each.maintenance(config.rights, folds=folds)
            for each in self._orders.known
            if each.ended is None and not each.over(now)
        )
        self._all = (*settings.maintenance.planned(config.rights, folds=folds), *ordered)
        self._snapshot = _UNKNOWN
        self.announced = bool(self._all)

    async def _turn(self, _asked: bool) -> None:
        self._gather()
        now = self._clock()
        found = snapshot(self._all, now)
        live = tuple(sorted(each.maintenance.id for each in found.current))
        if live != self._live:
            self._live = live
            log.warning("maintenance", current=live) if live else log.warning("maintenance is over")
            self._on_event(MaintenanceChanged(live))
        self._loop.pause = max(_LEAST_PAUSE, min(_LOOK_EVERY, found.until - now))
