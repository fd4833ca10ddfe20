"""Reads and changes a list of orders: in the session store, for all gateways, or in the file of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import typer

from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.confirm import Confirmation, Report, carried_out, conclude
from gateway.cli.exit import NOT_DONE, stop
from gateway.errors import StoreUnavailable
from gateway.files.reason import may_be_there
from gateway.orders.order_list import OF_STORE, OrderList
from gateway.session.board import LastingOrder
from gateway.session.sessions import Sessions

E = TypeVar("E")
ONLY_HERE = "  ONLY ON THIS MACHINE: gateways on other machines do not know it."


@dataclass(frozen=True, slots=True)
class Ordered(Generic[E]):
    """The orders of one kind in one environment. `here`: only those of this machine, in its file.

    `patience`: for how many seconds a change waits until all gateways have confirmed it; None where nobody waits.
    """

    chosen: ChosenEnvironment
    orders: OrderList[E]
    here: bool
    patience: float | None = None

    @classmethod
    def at(
        cls,
        chosen: ChosenEnvironment,
        orders: OrderList[E],
        only_here: bool = False,
        *,
        patience: float | None = None,
    ) -> Ordered[E]:
        """The orders of this environment; a store in the memory of a gateway is out of reach, so the file is used."""
        here = only_here or not chosen.shared
        if here and patience is not None:
            stop("--wait asks the gateways through the session store, which is not used here")
        return cls(chosen, orders, here, patience)

    @property
    def file(self) -> Path:
        """The file of this machine."""
        return self.chosen.config.orders_file(self.chosen.env, self.orders.name)

    @property
    def option(self) -> str:
        """What a further command about these orders has to say after the others."""
        return " --only-here" if self.here else ""

    def now(self) -> float:
        """This moment (seconds since the epoch) by the clock that these orders go by: that of the store, or of this machine."""
        return time.time() if self.here else self.chosen.now()

    def beside(self) -> Sequence[E]:
        """What the file of this machine has beside the store: it is in force too, and changed with --only-here alone."""
        return () if self.here else self.read_file([])

    def heading(self) -> str:
        """What the command acts on."""
        return self.chosen.heading(self.file)

    def change(
        self,
        make: Callable[[tuple[E, ...]], Sequence[E]],
        done: Callable[[Report], bool] = lambda _: True,
    ) -> Confirmation | None:
        """Replace the orders by what `make` makes of them; which gateways have it, None for a file.

        Ends the command where nothing could be changed; `make` may end it too.
        """
        if self.here:
            self.change_file(make)
            return None
        return self.chosen.with_store(lambda sessions: self._change_store(sessions, make, done))

    async def _change_store(
        self,
        sessions: Sessions,
        make: Callable[[tuple[E, ...]], Sequence[E]],
        done: Callable[[Report], bool],
    ) -> Confirmation:
        order = await change_shared(sessions, self.orders, self.chosen.env, make)
        patience = self.patience or 0.0
        return await carried_out(
            sessions.board, self.orders.name, order.revision, patience=patience, done=done
        )

    def change_file(self, make: Callable[[tuple[E, ...]], Sequence[E]]) -> Sequence[E]:
        """The same in the file; what is in it then. Ends the command where no gateway reads that file."""
        if not may_be_there(self.file):
            stop(f"{_no_file(self.file)}. NOTHING WAS CHANGED.", NOT_DONE)
        try:
            return self.orders.change(self.file, self.chosen.env, make)
        except ValueError as problem:
            stop(f"{problem}. NOTHING WAS CHANGED.", NOT_DONE)

    def conclude(self, confirmed: Confirmation | None) -> None:
        """Say which gateways have it, and end the command with 3 where some don't after a wait."""
        if confirmed is None:
            typer.echo(ONLY_HERE)
            return
        typer.echo(f"  Every worker knows it within {self.chosen.settings.blocks.look_every + 1:g} seconds.")
        conclude(confirmed, waited=self.patience is not None)

    def read(self, trouble: list[str]) -> tuple[list[tuple[E, str]], Confirmation]:
        """All orders, each with where it is kept, and which gateways know those of the store; faults are added to `trouble`."""
        found: list[tuple[E, str]] = []
        confirmed = Confirmation({}, {})
        if not self.here:
            try:
                shared, confirmed = self.chosen.try_store(
                    lambda sessions: shared_orders(sessions, self.orders, self.chosen.env)
                )
                found += [(each, "everywhere") for each in shared]
            except (StoreUnavailable, ValueError) as problem:
                trouble.append(getattr(problem, "detail", None) or str(problem))
        found += [(each, "this machine") for each in self.read_file(trouble)]
        return found, confirmed

    def read_file(self, trouble: list[str]) -> Sequence[E]:
        """The orders in the file of this machine; what is wrong with it is added to `trouble`."""
        try:
            local = self.orders.read(self.file, self.chosen.env)
        except ValueError as problem:
            trouble.append(str(problem))
            return ()
        if local is None and self.here:
            trouble.append(_no_file(self.file))
        return local or ()


async def shared_orders(
    sessions: Sessions, orders: OrderList[E], env: str
) -> tuple[Sequence[E], Confirmation]:
    """The orders in the session store, and which processes have them. Raises StoreUnavailable and ValueError."""
    stored = (await sessions.board.orders()).get(orders.name)
    if stored is None:
        return (), await carried_out(sessions.board, orders.name, 0)
    order = sessions.board.read(orders.name, stored)
    known = await carried_out(sessions.board, orders.name, order.revision)
    return orders.parsed(order.content, env, OF_STORE), known


async def change_shared(
    sessions: Sessions, orders: OrderList[E], env: str, make: Callable[[tuple[E, ...]], Sequence[E]]
) -> LastingOrder:
    """Replace the orders in the session store by what `make` makes of them. Raises StoreUnavailable and ValueError."""

    def content(before: bytes | None) -> bytes | None:
        found = orders.parsed(before, env, OF_STORE) if before is not None else ()
        after = tuple(make(found))
        return orders.text(after, env) if after != found else None

    return await sessions.board.change(orders.name, content)


def _no_file(file: Path) -> str:
    return (
        f"there is no file {file}, so no gateway with this configuration has run here; use the configuration file of the"
        " gateway that runs (--config)"
    )
