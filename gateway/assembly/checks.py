"""What is checked of an environment that runs: its readiness, and what `gateway status` shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.assembly.areas import Areas
from gateway.errors import StoreUnavailable
from gateway.observe.health import Check, HealthStatus
from gateway.reload.keys import KeyReload

VITAL: Final = ("serving", "records")
"""Without these no request is let through. All else leaves the gateway with answers, and every other gateway sees the same."""


def checks(areas: Areas, keys: KeyReload, *, draining: Callable[[], bool]) -> dict[str, Check]:
    """By name, in the order in which they are shown."""
    rules, operations, observers = areas.rules, areas.operations, areas.observers

    async def serving() -> HealthStatus:
        stopping = draining()
        return HealthStatus(not stopping, "stopping" if stopping else "")

    async def sessions() -> HealthStatus:
        # Open paths and pages go on without it, and where it can only be read, everybody who is logged in does.
        try:
            trouble = await areas.people.sessions.check()
        except StoreUnavailable as problem:
            return HealthStatus(True, f"no answer, so only open paths work: {problem.detail}", degraded=True)
        words = f"cannot be written, so nobody can log in: {trouble}" if trouble else ""
        return HealthStatus(True, words, degraded=bool(trouble))

    async def upstreams() -> HealthStatus:
        # Never "not ready": every other gateway sees the same, and without one nobody gets an answer at all.
        trouble = areas.register.upstreams.trouble
        return HealthStatus(True, trouble, degraded=bool(trouble))

    async def records() -> HealthStatus:
        found, kept = await observers.records.check(), rules.keeper.trouble
        words = "; ".join(filter(None, (found.detail, kept)))
        return HealthStatus(found.ready, words, degraded=found.degraded or bool(kept))

    return {
        "serving": serving,
        "sessions": sessions,
        "rules": rules.reload.check,
        "shadow": rules.shadow.check,
        "blocks": operations.orders.check,
        "emergency": operations.emergencies.check,
        "maintenance": operations.maintenance.check,
        "upstreams": upstreams,
        "keys": keys.check,
        "records": records,
        "environments": operations.neighbours.check,
        "fleet": operations.fleet.check,
        "clock": operations.fleet.check_clock,
        "background": observers.failing.check,
    }
