"""What stands, as numbers."""

from gateway.events import (
    BlocksChanged,
    BlocksLoaded,
    CheckChanged,
    EmergencyClosed,
    FleetSeen,
    LoginEnded,
    MaintenanceChanged,
)
from gateway.observe.registry import Registry
from gateway.observe.state import StateMetrics


def test_the_latest_is_shown() -> None:
    registry = Registry()
    metrics = StateMetrics(registry)
    for event in (
        BlocksLoaded(("b-1", "b-2", "b-3")),
        BlocksChanged(("b-1", "b-2")),
        EmergencyClosed("vault", "o-1", "", "0" * 64),
        MaintenanceChanged(("m-1",)),
        CheckChanged("sessions", ready=True, degraded=True),
        FleetSeen(4, 0.5, True),
        LoginEnded("ok"),
    ):
        metrics.on_event(event)
    assert {
        "blocks 2.0",
        'emergency_open{rule="vault"} 0.0',
        "maintenance 1.0",
        'ready{check="sessions"} 1.0',
        'degraded{check="sessions"} 1.0',
        "fleet_workers 4.0",
        "clock_ahead_seconds 0.5",
        "store_lost_total 1.0",
    } <= set(registry.exposition()[0].decode().replace("toegangspoort_", "").splitlines())
