"""Loads candidate rules from their file and loads them again when it changes.

Whatever is wrong with the file, requests never notice: nothing is compared then, and the log, the metrics and
`/readyz` say so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import structlog

from gateway.config import ConfigError, load
from gateway.config.includes import included_by
from gateway.config.reload import READ_SUFFIXES
from gateway.config.trial import trial_problems
from gateway.events import CandidateChanged, OnEvent
from gateway.files.file_states import Watched
from gateway.observe.health import HealthStatus
from gateway.policy.candidate import Candidate
from gateway.policy.ruleset import RuleSet, claims_of
from gateway.reload.release import release_rules
from gateway.watcher import Watcher

log = structlog.get_logger()

_LOOK_EVERY: Final = 1.0
_QUIET: Final = 0.3
_MOST_LISTED: Final = 20


class ShadowReload:
    """Keeps `candidate` up to date. `path` gives the file of its rules at this moment, None where there is none."""

    def __init__(
        self, candidate: Candidate, path: Callable[[], Path | None], environment: str, *, on_event: OnEvent
    ) -> None:
        self._candidate = candidate
        self._path = path
        self._environment = environment
        self._on_event = on_event
        self._loaded: Path | None = None
        self._watched: tuple[Watched, ...] = ()
        self._watcher = Watcher(
            self._files,
            self._load,
            look_every=_LOOK_EVERY,
            quiet=_QUIET,
            suffixes=READ_SUFFIXES,
            name="shadow",
            on_event=on_event,
        )
        self._trouble = ""

    async def start(self) -> None:
        """Begin to watch the candidate; a broken one stops nothing."""
        await self._watcher.start()
        self._watcher.soon()

    async def aclose(self) -> None:
        """Stop watching."""
        await self._watcher.aclose()

    async def check(self) -> HealthStatus:
        """Which candidate is compared, or why none is; the gateway is ready in any case."""
        if self._trouble:
            return HealthStatus(True, f"nothing is compared: {self._trouble}", degraded=True)
        rules = self._candidate.rules
        if rules is None:
            return HealthStatus(True, "")
        return HealthStatus(True, f"candidate rule set {rules.hash[:12]}, {len(rules.rules)} rules")

    def _files(self) -> tuple[Watched, ...]:
        path = self._path()
        if path == self._loaded:
            return self._watched
        return (path,) if path is not None else ()

    async def _load(self) -> bool:
        path = self._path()
        if path is None:
            self._loaded, self._watched = None, ()
            self._take(None, "")
            return True
        try:
            if wrong := await trial_problems(path):
                raise ConfigError(wrong)
            if not await self._watcher.unchanged():
                return False
            found, claims, watched = await asyncio.to_thread(_candidate, path, self._environment)
        except ConfigError as problems:
            wanted = await asyncio.to_thread(included_by, path)
            watched = (path, *(Path(problem.file) for problem in problems.problems), *wanted)
            if not await self._can_trust(path, watched):
                return False
            words = [str(problem) for problem in problems.problems]
            log.error("the candidate rules do not load", problems=words[:_MOST_LISTED], count=len(words))
            self._take(None, f"{words[0]} (and {len(words) - 1} more)" if len(words) > 1 else words[0])
        except Exception as problem:  # noqa: BLE001 - a candidate never stops the gateway
            log.error("the candidate rules do not load", error=repr(problem))
            self._loaded, self._watched = path, (path,)
            self._take(None, f"{type(problem).__name__}: {problem}")
        else:
            if not await self._can_trust(path, watched):
                return False
            self._take(found, "", claims)
        return True

    async def _can_trust(self, path: Path, read: Iterable[Watched]) -> bool:
        """Whether what was read was watched, and is still as it was. From now on it is watched."""
        self._loaded, self._watched = path, tuple(read)
        return await self._watcher.unchanged()

    def _take(self, rules: RuleSet | None, trouble: str, claims: frozenset[str] = frozenset()) -> None:
        self._trouble = trouble
        earlier = self._candidate.rules
        if rules == earlier:
            return
        self._candidate.rules = rules
        if earlier is not None:
            release_rules(earlier)
        if rules is None:
            self._on_event(CandidateChanged(None))
        else:
            log.info("candidate rules are compared", rules=rules.hash, count=len(rules.rules))
            self._on_event(CandidateChanged(rules.hash, claims))


def _candidate(path: Path, environment: str) -> tuple[RuleSet, frozenset[str], tuple[Watched, ...]]:
    """(the rules of this environment, the extra claims that they use, the files and folders to watch)."""
    config = load(path)
    config.environment(environment)
    rules = config.rules[environment]
    return rules, claims_of(rules), config.watched
