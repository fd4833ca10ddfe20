"""Whether every running gateway has carried out what a command ordered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import typer

from gateway.cli.belgian_time import belgian_time
from gateway.cli.exit import NOT_CONFIRMED, stop
from gateway.cli.output import counted
from gateway.errors import StoreUnavailable
from gateway.session.board import Board

WAIT = typer.Option(
    "--wait", help="Wait until every running gateway has confirmed it. Exit code 3 if one does not."
)
TIMEOUT = typer.Option("--timeout", min=1, max=600, help="How many seconds --wait waits at most.")

Report = Mapping[str, Any]
_ASK_EVERY: Final = 0.1
# A process that reported this recently and has no report any more has stopped; any other may only be silent.
_STOPPED_WITHIN: Final = 20.0


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The processes, by name, that have carried it out, and those that have not. `trouble`: why the store does not say."""

    done: Mapping[str, Report]
    missing: Mapping[str, Report]
    trouble: str = ""

    def to_data(self) -> dict[str, list[str]]:
        """As plain data."""
        return {"current": sorted(self.done), "not_current": sorted(self.missing)}

    def words(self) -> str:
        """For operators."""
        if self.trouble:
            return f"which workers know it is not known: {self.trouble}"
        if not self.done and not self.missing:
            return "no gateway that runs reports to this session store"
        every = {**self.done, **self.missing}
        hosts = ", ".join(sorted({str(each.get("host", "?")) for each in every.values()}))
        return f"{len(self.done)} of {counted(len(every), 'worker')} ({hosts}) confirmed"


async def confirmation(
    board: Board, done: Callable[[Report], bool], *, patience: float, clock: Callable[[], float] = time.time
) -> Confirmation:
    """Ask until all running processes have carried it out, `patience` seconds at most.

    A store that gives no answer, as in a failover, is asked again: the order itself is in force already.
    """
    end = time.monotonic() + patience
    seen: dict[str, Report] = {}
    while True:
        found, trouble = await _reports(board)
        now = clock()
        seen.update(found)
        stopped = [
            name
            for name, each in seen.items()
            if not trouble and name not in found and now - each.get("at", 0.0) < _STOPPED_WITHIN
        ]
        for name in stopped:
            del seen[name]
        missing = {name: each for name, each in seen.items() if name not in found or not done(each)}
        if not (missing or trouble) or time.monotonic() >= end:
            known = {name: each for name, each in seen.items() if name not in missing}
            return Confirmation(known, missing, trouble)
        await asyncio.sleep(_ASK_EVERY)


async def _reports(board: Board) -> tuple[Mapping[str, Report], str]:
    try:
        return await board.reports(), ""
    except StoreUnavailable as problem:
        return {}, problem.detail


async def carried_out(
    board: Board,
    kind: str,
    revision: int,
    *,
    patience: float = 0.0,
    done: Callable[[Report], bool] = lambda _: True,
) -> Confirmation:
    """Which processes have this revision of the orders of a kind, and report what `done` asks for."""
    return await confirmation(
        board, lambda report: report.get(kind, -1) >= revision and done(report), patience=patience
    )


def conclude(confirmed: Confirmation, *, waited: bool, silent: bool = False) -> None:
    """Say which gateways confirmed. After a wait, ends the command with 3 unless all of them did, and there are some."""
    if not waited:
        running = len(confirmed.done) + len(confirmed.missing)
        words = (
            f"{counted(running, 'worker')} now; --wait waits until they confirm"
            if running and not confirmed.trouble
            else confirmed.words()
        )
        typer.echo(f"  {words}.")
        return
    if not silent:
        typer.echo(f"  {confirmed.words()}.")
    lines = [f"    {_name(name, each)}" for name, each in sorted(confirmed.missing.items())]
    if lines:
        stop("  NOT CONFIRMED by:\n" + "\n".join(lines), NOT_CONFIRMED)
    if confirmed.trouble:
        stop("  NOT CONFIRMED: the session store gave no answer", NOT_CONFIRMED)
    if not confirmed.done:
        stop("  NOT CONFIRMED: start a gateway, or use the configuration of one that runs", NOT_CONFIRMED)


def _name(name: str, report: Report) -> str:
    if not report:
        return f"{name.rpartition(':')[0]}, whose session keys are other ones"
    return f"worker {report['pid']} on {report['host']}, last heard at {belgian_time(report['at'])}"
