"""Judges live requests by candidate rules as well, without enforcing them: what would change if they went live?

It works after the answer, on the same input as the decision. Whatever is wrong with the candidate, requests never
notice: then nothing is compared, and the log, the metrics and `/readyz` say so.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.config import ConfigError, load
from gateway.config.reload import Fingerprint, fingerprint
from gateway.model import Decision, DecisionInput
from gateway.observe.health import HealthStatus
from gateway.observe.metrics import Metrics
from gateway.policy.evaluate import decide, questions
from gateway.policy.ruleset import RuleSet

log = structlog.get_logger()

_LOOK_EVERY: Final = 1.0
_QUIET: Final = 0.3
_MOST_TOLD: Final = 20


class Shadow:
    """The candidate rules of one environment in one worker process.

    `path` gives the file of the candidate at this moment, None where there is none; `changed` hears when there are
    other candidate rules, `told` gets an event for the decision records.
    """

    def __init__(
        self,
        path: Callable[[], Path | None],
        environment: str,
        *,
        metrics: Metrics,
        changed: Callable[[], None],
        told: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._path = path
        self._environment = environment
        self._metrics = metrics
        self._changed = changed
        self._told = told
        self._watching: asyncio.Task[None] | None = None
        self._trouble = ""
        self.rules: RuleSet | None = None

    async def start(self) -> None:
        """Begin to watch the candidate; a broken one stops nothing."""
        self._watching = asyncio.create_task(self._watch())

    async def aclose(self) -> None:
        """Stop watching."""
        task, self._watching = self._watching, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def judge(self, given: DecisionInput, decision: Decision) -> Decision | None:
        """The candidate's decision where its verdict is another one; None where it is the same or not known."""
        rules = self.rules
        if rules is None:
            return None
        try:
            if rules.asking and any(each.name not in given.facts for each in questions(rules, given)):
                self._metrics.shadow_judged("unknown")
                return None
            found = decide(rules, given)
        except Exception as problem:  # noqa: BLE001 - the candidate must not be noticed
            self._metrics.shadow_judged("unknown")
            log.warning("the candidate rules could not judge", error=repr(problem))
            return None
        if found.allowed == decision.allowed:
            self._metrics.shadow_judged("same")
            return None
        self._metrics.shadow_judged("differs")
        self._metrics.shadowed(found.rule, "newly_allowed" if found.allowed else "newly_denied")
        return found

    async def check(self) -> HealthStatus:
        """Which candidate is compared, or why none is; the gateway is ready in any case."""
        if self._trouble:
            return HealthStatus(True, f"nothing is compared: {self._trouble}")
        rules = self.rules
        if rules is None:
            return HealthStatus(True, "")
        return HealthStatus(True, f"candidate rule set {rules.hash[:12]}, {len(rules.rules)} rules")

    async def _watch(self) -> None:
        path: Path | None = None
        watched: tuple[Path, ...] = ()
        seen: Fingerprint = {}
        while True:
            wanted = self._path()
            now = await asyncio.to_thread(fingerprint, watched)
            if wanted != path or now != seen:
                path = wanted
                if path is None:
                    watched, seen = (), {}
                    self._take(None, "")
                else:
                    watched = await self._load(path)
                    seen = await asyncio.to_thread(fingerprint, watched)
            await asyncio.sleep(_LOOK_EVERY)

    async def _load(self, path: Path) -> tuple[Path, ...]:
        """Take the candidate in this file; the files to watch from now on."""
        await asyncio.sleep(_QUIET)
        try:
            config = await asyncio.to_thread(load, path)
            config.environment(self._environment)
        except ConfigError as problems:
            told = [str(problem) for problem in problems.problems]
            log.error("the candidate rules do not load", problems=told[:_MOST_TOLD], count=len(told))
            more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
            self._take(None, f"{told[0]}{more}")
            return (path, *(Path(problem.file) for problem in problems.problems))
        except Exception as problem:  # noqa: BLE001 - a candidate never stops the gateway
            log.error("the candidate rules do not load", error=repr(problem))
            self._take(None, f"{type(problem).__name__}: {problem}")
            return (path,)
        self._take(config.rules[self._environment], "")
        return config.watched

    def _take(self, rules: RuleSet | None, trouble: str) -> None:
        self._trouble = trouble
        self._metrics.shadow_loaded(rules is not None)
        if rules == self.rules:
            return
        self.rules = rules
        if rules is not None:
            log.info("candidate rules are compared", rules=rules.hash, count=len(rules.rules))
        self._told({"kind": "shadow", "rules": rules.hash if rules is not None else None})
        self._changed()
