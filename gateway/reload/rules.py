"""When rules go live: the file is watched, read beside the requests, and its rules swapped in with one assignment.

It knows nothing of what rules say. Every worker process does this by itself and arrives at the same rules.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.config import Config, ConfigError
from gateway.config.reload import Fingerprint, Reloaded, fingerprint, reload
from gateway.observe.decision_record import timestamp
from gateway.observe.health import HealthStatus
from gateway.observe.metrics import Metrics
from gateway.policy.ruleset import RuleSet

log = structlog.get_logger()

_LOOK_EVERY: Final = 0.5
# A file that is being written stays as it is for this long before it is read; then it is read anyhow.
_QUIET: Final = 0.3
_LONGEST_WAIT: Final = 5.0
_MOST_TOLD: Final = 20


class Reloading:
    """The configuration in force in this process. `changed` hears after new rules went live.

    `told` gets an event for the decision records of each reload that went live or was refused.
    """

    def __init__(
        self,
        config: Config,
        environment: str,
        *,
        metrics: Metrics,
        clock: Callable[[], float],
        changed: Callable[[], None],
        told: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self.config = config
        self._environment = environment
        self._metrics = metrics
        self._clock = clock
        self._changed = changed
        self._told = told
        self._asked = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._watched = config.watched
        self._since = clock()
        self._restart: tuple[str, ...] = ()
        self._refused: tuple[float, str] | None = None

    @property
    def rules(self) -> RuleSet:
        """The rule set in force at this moment."""
        return self.config.rules[self._environment]

    async def start(self) -> None:
        """Begin to watch the files that the configuration was read from."""
        self._metrics.reloaded(success=True, rules=len(self.rules.rules), rule_set=self.rules.hash)
        seen = await asyncio.to_thread(fingerprint, self._watched)
        self._watching = asyncio.create_task(self._watch(seen))

    async def aclose(self) -> None:
        """Stop watching."""
        task, self._watching = self._watching, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def soon(self) -> None:
        """Read the file again, whether it looks changed or not."""
        self._asked.set()

    async def check(self) -> HealthStatus:
        """Which rules are in force, and whether the file holds others: the gateway is ready in either case."""
        rules = self.rules
        words = [f"rule set {rules.hash[:12]}, {len(rules.rules)} rules, since {timestamp(self._since)}"]
        if self._refused is not None:
            at, why = self._refused
            words.append(f"the file was refused at {timestamp(at)}: {why}")
        if self._restart:
            words.append(f"restart needed for: {', '.join(self._restart)}")
        return HealthStatus(True, "; ".join(words))

    async def _watch(self, seen: Fingerprint) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY):
                    await self._asked.wait()
            asked = self._asked.is_set()
            self._asked.clear()
            if asked or await asyncio.to_thread(fingerprint, self._watched) != seen:
                try:
                    seen = await self._reload_quietly()
                except Exception as problem:  # noqa: BLE001 - whatever went wrong, the rules of before stay
                    self._refuse([f"{type(problem).__name__}: {problem}"])
                    seen = await asyncio.to_thread(fingerprint, self._watched)

    async def _reload_quietly(self) -> Fingerprint:
        """Reload once the files stay as they are; again where they changed while they were being read."""
        while True:
            seen = await self._settled()
            try:
                fresh = await asyncio.to_thread(reload, self.config, self._environment)
            except ConfigError as problems:
                if await asyncio.to_thread(fingerprint, self._watched) != seen:
                    continue
                self._refuse([str(problem) for problem in problems.problems])
                # The mistake may stand in a file that the rules in force know nothing of.
                places = {Path(problem.file) for problem in problems.problems}
                self._watched = tuple(dict.fromkeys((*self.config.watched, *places)))
                return await asyncio.to_thread(fingerprint, self._watched)
            if await asyncio.to_thread(fingerprint, self._watched) != seen:
                continue
            self._take(fresh)
            return await asyncio.to_thread(fingerprint, self._watched)

    async def _settled(self) -> Fingerprint:
        clock = asyncio.get_running_loop().time
        end = clock() + _LONGEST_WAIT
        seen = await asyncio.to_thread(fingerprint, self._watched)
        while True:
            await asyncio.sleep(_QUIET)
            now = await asyncio.to_thread(fingerprint, self._watched)
            if now == seen or clock() >= end:
                return now
            seen = now

    def _take(self, fresh: Reloaded) -> None:
        before = self.rules.hash
        self.config = fresh.config
        self._watched = fresh.config.watched
        self._since = self._clock()
        self._refused = None
        self._restart = fresh.restart
        rules = self.rules
        self._metrics.reloaded(
            success=True, rules=len(rules.rules), rule_set=rules.hash, restart=bool(fresh.restart)
        )
        self._told({"kind": "reload", "result": "ok", "before": before, "rules": rules.hash})
        log.info("rules reloaded", rules=rules.hash, before=before, count=len(rules.rules))
        if fresh.restart:
            log.warning("restart needed", settings=", ".join(fresh.restart))
        self._changed()

    def _refuse(self, problems: list[str]) -> None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        self._refused = (self._clock(), f"{problems[0]}{more}")
        self._metrics.reloaded(success=False)
        told = problems[:_MOST_TOLD]
        self._told({"kind": "reload", "result": "refused", "rules": self.rules.hash, "problems": told})
        log.error("reload refused", rules=self.rules.hash, problems=told, count=len(problems))
