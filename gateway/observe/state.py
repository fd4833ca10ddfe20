"""Metrics of the state of a gateway: orders in force, checks that fail, and how many workers there are."""

from __future__ import annotations

from gateway.events import (
    BlocksChanged,
    BlocksLoaded,
    CheckChanged,
    EmergencyClosed,
    EmergencyOpened,
    Event,
    FleetSeen,
    MaintenanceChanged,
)
from gateway.observe.registry import Registry


class StateMetrics:
    """Listens to the events that say what holds from now on."""

    def __init__(self, registry: Registry) -> None:
        self._blocks = registry.gauge("blocks", "Blocks that this gateway knows of")
        self._emergency = registry.gauges(
            "emergency_open", "1 where this emergency rule is open, in any worker", "rule", mode="livemax"
        )
        self._maintenance = registry.gauge(
            "maintenance", "Maintenances that keep people out now, in any worker", mode="livemax"
        )
        self._ready = registry.gauges(
            "ready", "1 where this check lets the gateway serve, in every worker", "check", mode="livemin"
        )
        self._degraded = registry.gauges(
            "degraded", "1 where something does not work as it should, in any worker", "check", mode="livemax"
        )
        self._fleet = registry.gauge("fleet_workers", "Workers of all gateways that share the session store")
        self._clock_ahead = registry.gauge(
            "clock_ahead_seconds", "How far the clock of this machine is ahead of the session store's"
        )
        self._store_lost = registry.counter(
            "store_lost_total", "Times that the session store had lost everything"
        )

    def on_event(self, event: Event) -> None:
        """Take note of an event; those of no interest are ignored."""
        match event:
            case BlocksLoaded(blocks) | BlocksChanged(blocks):
                self._blocks.set(len(blocks))
            case MaintenanceChanged():
                self._maintenance.set(len(event.current))
            case EmergencyOpened() | EmergencyClosed():
                self._emergency[(event.rule,)].set(isinstance(event, EmergencyOpened))
            case CheckChanged(check, ready, degraded):
                self._ready[(check,)].set(ready)
                self._degraded[(check,)].set(degraded)
            case FleetSeen(workers, ahead, store_lost):
                self._fleet.set(workers)
                self._clock_ahead.set(ahead)
                self._store_lost.inc(store_lost)
            case _:
                pass
