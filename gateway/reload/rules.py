"""Rules going live: the files are watched, read beside the requests, and the new rules swapped in by one assignment.

Every worker process does this by itself and arrives at the same rules.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import structlog

from gateway import garbage
from gateway.config import Config, ConfigError
from gateway.config.includes import included_by
from gateway.config.reload import READ_SUFFIXES, Reloaded, reload_config
from gateway.config.trial import trial_problems
from gateway.events import OnEvent, RulesChanged, RulesLoaded, RulesRefused
from gateway.files.file_states import Watched
from gateway.observe.decision_record import timestamp
from gateway.observe.health import HealthStatus
from gateway.policy.in_force import OpenRule, RulesInForce, periods
from gateway.policy.ruleset import RuleSet, claims_of
from gateway.reload.release import release_config
from gateway.watcher import Watcher

log = structlog.get_logger()

_LOOK_EVERY: Final = 0.5
# A file that is being written is read once it has stayed the same for this many seconds.
_QUIET: Final = 0.3
_MOST_LISTED: Final = 20


class RulesReload:
    """The configuration in force in this process. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        config: Config,
        environment: str,
        *,
        clock: Callable[[], float],
        steady: Callable[[], float] = time.monotonic,
        on_event: OnEvent,
    ) -> None:
        self.config = config
        self._environment = environment
        self._clock = clock
        self._on_event = on_event
        self._watched = config.watched
        self._watcher = Watcher(
            lambda: self._watched,
            self._reload,
            look_every=_LOOK_EVERY,
            quiet=_QUIET,
            suffixes=READ_SUFFIXES,
            name="rules",
            on_event=on_event,
        )
        self._since = clock()
        self._restart: tuple[str, ...] = ()
        self._refused: tuple[float, str] | None = None
        self._frozen = garbage.Frozen()
        self._open: Sequence[OpenRule] = ()
        self.in_force = RulesInForce(config.rules[environment], clock, steady)
        self.rules: Callable[[], RuleSet] = self.in_force.__call__
        """The rule set in force at this moment."""

    async def open(self, rules: Sequence[OpenRule]) -> None:
        """Let these emergency rules decide, and no others, each until its end."""
        if list(rules) == list(self._open):
            return
        self._open = tuple(rules)
        await self._use_rules()

    async def _use_rules(self) -> None:
        """Decide by the rules of the configuration. Compiling them with emergency rules takes place beside the requests."""
        while True:
            closed, opened = self.config.rules[self._environment], self._open
            if not opened:
                self.in_force.use(closed, ())
                return
            found = await asyncio.to_thread(periods, closed, opened)
            if closed is self.config.rules[self._environment] and opened is self._open:
                self.in_force.use(closed, found)
                return

    def candidate_file(self) -> Path | None:
        """The file of the candidate rules, as the configuration in force names it."""
        return self.config.environment(self._environment).shadow

    async def start(self) -> None:
        """Begin to watch the files that the configuration was read from."""
        rules = self.rules()
        self._on_event(RulesLoaded(rules.hash, len(rules.rules), claims_of(rules)))
        await self._watcher.start(self.config.seen)

    async def aclose(self) -> None:
        """Stop watching."""
        await self._watcher.aclose()

    def soon(self) -> None:
        """Read the file again, whether it looks changed or not."""
        self._watcher.soon()

    async def check(self) -> HealthStatus:
        """Which rules are in force, and whether the file has others; the gateway is ready in either case."""
        rules = self.rules()
        words = [f"rule set {rules.hash[:12]}, {len(rules.rules)} rules, since {timestamp(self._since)}"]
        if self._refused is not None:
            at, why = self._refused
            words.append(f"the file was refused at {timestamp(at)}: {why}")
        if self._restart:
            words.append(f"restart needed for: {', '.join(self._restart)}")
        return HealthStatus(True, "; ".join(words), degraded=len(words) > 1)

    async def _reload(self) -> bool:
        self._frozen.look()
        try:
            if wrong := await trial_problems(self.config.path, self._environment):
                raise ConfigError(wrong)
            if not await self._watcher.unchanged():
                return False
            fresh = await asyncio.to_thread(reload_config, self.config, self._environment)
        except ConfigError as problems:
            # The mistake may be in a file that the configuration in force does not read.
            files = (Path(problem.file) for problem in problems.problems)
            wanted = await asyncio.to_thread(included_by, self.config.path)
            if not await self._can_trust((*self.config.watched, *files, *wanted)):
                return False
            self._refuse([str(problem) for problem in problems.problems])
        except Exception as problem:  # noqa: BLE001 - whatever went wrong, the rules in force stay
            self._refuse([f"{type(problem).__name__}: {problem}"])
        else:
            if not await self._can_trust(fresh.config.watched):
                return False
            await self._take(fresh)
        return True

    async def _can_trust(self, read: Iterable[Watched]) -> bool:
        """Whether what was read was watched, and is still as it was. From now on it is watched."""
        self._watched = tuple(read)
        return await self._watcher.unchanged()

    async def _take(self, fresh: Reloaded) -> None:
        earlier, self.config = self.config, fresh.config
        before = earlier.rules[self._environment].hash
        await self._use_rules()
        release_config(earlier)
        self._since = self._clock()
        self._refused = None
        self._restart = fresh.restart
        rules = self.in_force.closed
        count = len(rules.rules)
        self._on_event(RulesChanged(before, rules.hash, count, fresh.claims, bool(fresh.restart)))
        log.info("rules reloaded", rules=rules.hash, before=before, count=count)
        if fresh.restart:
            log.warning("restart needed", settings=", ".join(fresh.restart))

    def _refuse(self, problems: list[str]) -> None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        self._refused = (self._clock(), f"{problems[0]}{more}")
        first = problems[:_MOST_LISTED]
        self._on_event(RulesRefused(self.rules().hash, tuple(first)))
        log.error("reload refused", rules=self.rules().hash, problems=first, count=len(problems))
