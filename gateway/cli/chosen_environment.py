"""The environment that a command acts on, by --config and --env: its settings, its session store and its records."""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import typer

from gateway.cli.exit import NOT_DONE, stop
from gateway.cli.loading import OTHER_FILE, load_or_exit, load_settings_or_exit
from gateway.config import Config
from gateway.config.model import EnvironmentSettings
from gateway.errors import StoreUnavailable
from gateway.files.reason import may_be_there
from gateway.observe.record_writer import DecisionRecords
from gateway.policy.ruleset import RuleSet
from gateway.session.sessions import Sessions

T = TypeVar("T")
# Within this the clocks of two machines may differ.
_MOST_AHEAD: Final = 5.0


@dataclass(frozen=True, slots=True)
class ChosenEnvironment:
    """One environment of one configuration file. Its store and files must be there: nothing is made here."""

    config: Config
    env: str

    @property
    def rules(self) -> RuleSet | None:
        """The rules of the environment; None where the file does not load."""
        return self.config.rules.get(self.env)

    @classmethod
    def of(cls, path: Path, env: str) -> ChosenEnvironment:
        """The environment with this name. Ends the command where it does not load."""
        return cls(load_or_exit(path, env, advice=OTHER_FILE), env)

    @classmethod
    def by_settings(cls, path: Path, env: str) -> ChosenEnvironment:
        """The same, also where faults elsewhere in the file keep it from loading: then without rules."""
        return cls(load_settings_or_exit(path, env), env)

    @property
    def settings(self) -> EnvironmentSettings:
        """The settings of the environment."""
        return self.config.environment(self.env)

    @property
    def shared(self) -> bool:
        """Whether other processes can reach the session store."""
        return self.settings.session.store.kind != "memory"

    def named(self, file: Path | None = None) -> Mapping[str, str]:
        """What the command acts on, for people and as JSON."""
        return {
            "environment": self.env,
            "store": str(self.settings.session.store),
            "config": str(self.config.path.absolute()),
            **({"file": str(file)} if file is not None else {}),
        }

    def heading(self, file: Path | None = None) -> str:
        """The same as one line."""
        return ", ".join(f"{name} {value}" for name, value in self.named(file).items())

    def with_store(self, work: Callable[[Sessions], Awaitable[T]], *, only_reads: bool = False) -> T:
        """Do this with the sessions of a store that a gateway has made. Ends the command where there is none."""
        begun: list[bool] = []

        async def begin(sessions: Sessions) -> T:
            begun.append(True)
            return await work(sessions)

        try:
            return self.try_store(begin)
        except (StoreUnavailable, ValueError) as problem:
            # A store that fails halfway may have done it, and not have said so.
            unsure = begun and not only_reads and isinstance(problem, StoreUnavailable)
            outcome = (
                "IT MAY HAVE BEEN DONE: look before you try again." if unsure else "NOTHING WAS CHANGED."
            )
            stop(f"{getattr(problem, 'detail', None) or problem}. {outcome}", NOT_DONE)

    def now(self) -> float:
        """This moment by the clock of the session store; by this machine's where the store has none, or cannot be asked."""
        if self.shared:
            with suppress(StoreUnavailable, ValueError):
                return asyncio.run(self._with_sessions(store_now))
        return time.time()

    def try_store(self, work: Callable[[Sessions], Awaitable[T]], *, served: bool = True) -> T:
        """The same; without `served` also with a store that no gateway has used. Raises StoreUnavailable and ValueError."""
        settings = self.settings
        if not self.shared:
            raise ValueError(
                f"the sessions of {self.env} are in the memory of the gateway (session.store: memory:), out of reach of"
                " commands"
            )

        async def looked_at(sessions: Sessions) -> T:
            if served and not await sessions.board.served():
                raise ValueError(
                    f"no gateway of {self.env} has used the session store {settings.session.store}; use the"
                    " configuration file of the gateway that runs (--config)"
                )
            await _compare_clocks(sessions)
            if await sessions.store.replica():
                typer.echo(
                    f"The session store {settings.session.store} is a replica: what it shows may be some seconds old, and"
                    " nothing can be ordered through it.",
                    err=True,
                )
            return await work(sessions)

        return asyncio.run(self._with_sessions(looked_at))

    async def _with_sessions(self, work: Callable[[Sessions], Awaitable[T]]) -> T:
        settings = self.settings
        secure = settings.public_url.startswith("https://")
        sessions = Sessions(
            settings.session, environment=self.env, secure=secure, clock=time.time, make=False
        )
        try:
            await sessions.start(sweep=False)
            return await work(sessions)
        finally:
            await sessions.aclose()

    def record(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Add who did what to the decision records, if they go to a file that a gateway has made."""
        records = self.settings.observe.records
        if records.kind != "file" or records.path is None or not may_be_there(records.path):
            typer.echo("  There is no file of decision records here: make a note of this yourself.", err=True)
            return
        try:
            asyncio.run(self._write(entries))
        except ValueError as problem:
            typer.echo(
                f"  This is in force, but could not be recorded, so make a note of it yourself: {problem}",
                err=True,
            )

    async def _write(self, entries: Sequence[Mapping[str, Any]]) -> None:
        settings = self.settings
        records = DecisionRecords(
            settings.observe,
            self.env,
            keys=settings.ring("pseudonyms").octets,
            sealing=settings.ring("records").read,
            clock=time.time,
        )
        await records.start()
        for entry in entries:
            records.write({"by": getpass.getuser(), **entry})
        await records.aclose()


async def store_now(sessions: Sessions) -> float:
    """This moment (seconds since the epoch) by the clock of the session store, by which gateways keep orders and sessions; by
    this machine's where the store has none. Raises StoreUnavailable.
    """
    there = await sessions.store.time()
    return there if there is not None else time.time()


async def _compare_clocks(sessions: Sessions) -> None:
    """Say where the clock of this machine is wrong: what it shows is then wrong too, and so is what a gateway here does."""
    there = await sessions.store.time()
    ahead = time.time() - there if there is not None else 0.0
    if abs(ahead) > _MOST_AHEAD:
        side = "ahead of" if ahead > 0 else "behind"
        typer.echo(
            f"THE CLOCK OF THIS MACHINE IS {abs(ahead):.0f} s {side} that of the session store: set it. What is ordered goes by the"
            " clock of the store; a gateway on this machine goes by the wrong one.",
            err=True,
        )
