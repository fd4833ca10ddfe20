"""Reads and changes a list of orders: in the session store, for all gateways, or in the file of this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import typer

from gateway.cli.confirm import Confirmation, Report, conclude, confirmation
from gateway.cli.place import NOT_DONE, Place, stop
from gateway.errors import StoreUnavailable
from gateway.order_list import OrderList
from gateway.session.sessions import Sessions

E = TypeVar("E")
_PLACE = "what the session store has"

HERE = typer.Option(
    "--only-here",
    help="Use the file of this machine, not the session store: for when the store cannot be reached.",
)


@dataclass(frozen=True, slots=True)
class Ordered(Generic[E]):
    """The orders of one kind in one place. `here`: only those of this machine, in its file."""

    place: Place
    orders: OrderList[E]
    kind: Literal["emergency", "maintenance"]
    here: bool

    @classmethod
    def at(
        cls,
        place: Place,
        orders: OrderList[E],
        kind: Literal["emergency", "maintenance"],
        only_here: bool,
        *,
        wait: bool = False,
    ) -> Ordered[E]:
        """Those of this place; a store in the memory of a gateway is out of reach, so that the file is used."""
        here = only_here or not place.shared
        if here and wait:
            stop("--wait asks the gateways through the session store, which is not used here")
        return cls(place, orders, kind, here)

    def heading(self) -> str:
        """What the command acts on."""
        return self.place.heading(self.place.config.orders_file(self.place.env, self.kind))

    def change(
        self,
        make: Callable[[tuple[E, ...]], Sequence[E]],
        done: Callable[[Report], bool] = lambda _: True,
        patience: float = 0.0,
    ) -> Confirmation | None:
        """Replace the orders by what `make` makes of them; which gateways have it, None for a file.

        Ends the command where nothing could be changed; `make` may end it too.
        """
        if self.here:
            self._change_file(make)
            return None
        return self.place.with_store(lambda sessions: self._change_store(sessions, make, done, patience))

    async def _change_store(
        self,
        sessions: Sessions,
        make: Callable[[tuple[E, ...]], Sequence[E]],
        done: Callable[[Report], bool],
        patience: float,
    ) -> Confirmation:
        def content(before: bytes | None) -> bytes | None:
            found = self.orders.parsed(before, self.place.env, _PLACE) if before is not None else ()
            after = tuple(make(found))
            return self.orders.text(after, self.place.env) if after != found else None

        document = await sessions.board.change(self.kind, content)
        return await confirmation(
            sessions.board,
            lambda report: report.get(self.kind, -1) >= document.revision and done(report),
            patience=patience,
        )

    def _change_file(self, make: Callable[[tuple[E, ...]], Sequence[E]]) -> None:
        file = self.place.config.orders_file(self.place.env, self.kind)
        if not file.exists():
            stop(f"{_no_file(str(file))}. NOTHING WAS CHANGED.", NOT_DONE)
        try:
            self.orders.change(file, self.place.env, make)
        except ValueError as problem:
            stop(f"{problem}. NOTHING WAS CHANGED.", NOT_DONE)

    def conclude(self, confirmed: Confirmation | None, *, wait: bool) -> None:
        """Say which gateways have it, and end the command with 3 where some don't after a wait."""
        if confirmed is None:
            typer.echo("  ONLY ON THIS MACHINE: gateways on other machines do not know it.")
            return
        typer.echo(f"  Every worker knows it within {self.place.settings.blocks.look_every + 1:g} seconds.")
        conclude(confirmed, waited=wait)

    def read(self, trouble: list[str]) -> tuple[list[tuple[E, str]], Confirmation]:
        """All orders, each with where it stands, and which gateways know those of the store; `trouble` gets what is wrong."""
        found: list[tuple[E, str]] = []
        confirmed = Confirmation({}, {})
        if not self.here:
            try:
                shared, confirmed = self.place.try_store(self._read_store)
                found += [(each, "everywhere") for each in shared]
            except (StoreUnavailable, ValueError) as problem:
                trouble.append(getattr(problem, "detail", None) or str(problem))
        file = self.place.config.orders_file(self.place.env, self.kind)
        try:
            local = self.orders.read(file, self.place.env)
            if local is None and self.here:
                trouble.append(_no_file(str(file)))
            found += [(each, "this machine") for each in local or ()]
        except ValueError as problem:
            trouble.append(str(problem))
        return found, confirmed

    async def _read_store(self, sessions: Sessions) -> tuple[Sequence[E], Confirmation]:
        stored = (await sessions.board.orders()).get(self.kind)
        document = sessions.board.read(self.kind, stored) if stored is not None else None
        revision = document.revision if document is not None else 0
        known = await confirmation(
            sessions.board, lambda report: report.get(self.kind, -1) >= revision, patience=0.0
        )
        entries = self.orders.parsed(document.content, self.place.env, _PLACE) if document is not None else ()
        return entries, known


def _no_file(file: str) -> str:
    return (
        f"there is no file {file}, so no gateway with this configuration has run here; use the configuration file of the"
        " gateway that runs (--config)"
    )
