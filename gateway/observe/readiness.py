"""Whether this process can serve, and what works less well than it should: for `/readyz`, the metrics and the log."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

import structlog

from gateway.background import Loop
from gateway.events import CheckChanged, OnEvent, ignore
from gateway.observe.health import Check, HealthStatus
from gateway.observe.masking import clean

log = structlog.get_logger()

_LOOK_EVERY: Final = 5.0
# Less than the second that a probe of Kubernetes waits as a rule.
_TIMEOUT: Final = 0.8
_PATIENT: Final = 4


class Readiness:
    """Asks the `checks`, by name, when somebody wants to know, and every few seconds for the metrics and the log, then with
    more patience.

    Only the `vital` ones can make the process unready: of all others, a status that is not ready counts as degraded. A
    check that raises or takes longer than `timeout` seconds is not ready.
    """

    def __init__(
        self,
        checks: Mapping[str, Check],
        *,
        vital: Collection[str],
        timeout: float = _TIMEOUT,
        look_every: float = _LOOK_EVERY,
        on_event: OnEvent = ignore,
    ) -> None:
        self._checks = dict(checks)
        self._vital = frozenset(vital)
        self._timeout = timeout
        self._on_event = on_event
        self._known: dict[str, HealthStatus] = {}
        self._loop = Loop("readiness", self._turn, pause=look_every, on_event=on_event)

    async def start(self) -> None:
        """Look from now on."""
        self._loop.start(at_once=True)

    async def aclose(self) -> None:
        """Stop looking."""
        await self._loop.aclose()

    async def look(self) -> Mapping[str, HealthStatus]:
        """What each check says at this moment."""
        return await self._look(self._timeout)

    async def _look(self, patience: float) -> Mapping[str, HealthStatus]:
        asked = (self._ask(name, check, patience) for name, check in self._checks.items())
        return dict(zip(self._checks, await asyncio.gather(*asked), strict=True))

    async def _turn(self, _asked: bool) -> None:
        # Nobody waits for it, so a busy moment is harmless.
        for name, status in (await self._look(_PATIENT * self._timeout)).items():
            self._note(name, status)

    def _note(self, name: str, status: HealthStatus) -> None:
        """Publish a check that changed."""
        known = self._known.get(name)
        self._known[name] = status
        if known is not None and (known.ready, known.degraded) == (status.ready, status.degraded):
            return
        self._on_event(CheckChanged(name, ready=status.ready, degraded=status.degraded))
        if not status.ready:
            log.error("the gateway is not ready", check=name, reason=clean(status.detail))
        elif status.degraded:
            log.warning("the gateway is degraded", check=name, reason=clean(status.detail))
        elif known is not None:
            log.info("a check is well again", check=name)

    async def _ask(self, name: str, check: Check, patience: float) -> HealthStatus:
        try:
            found = await asyncio.wait_for(check(), patience)
        except TimeoutError:
            found = HealthStatus(False, "no answer in time")
        except Exception as problem:  # noqa: BLE001 - whatever goes wrong, the answer is "not ready"
            log.warning("a readiness check failed", check=name, error=repr(problem))
            found = HealthStatus(False, f"failed: {type(problem).__name__}")
        if found.ready or name in self._vital:
            return found
        return replace(found, ready=True, degraded=True)
