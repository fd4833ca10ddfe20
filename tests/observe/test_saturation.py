"""The numbers of lines and pools, from a source to the registry."""

from collections.abc import Mapping

from gateway.observe.registry import Registry
from gateway.observe.saturation import ListenerUse, PoolUse, Saturation


class UsageSource:
    def upstream_use(self) -> Mapping[str, PoolUse]:
        return {"default": PoolUse(in_use=3, idle=2, waiting=7, limit=64)}

    def listener_use(self) -> Mapping[str, ListenerUse]:
        return {"public": ListenerUse(open=12, limit=4096, waiting=1)}

    def records_waiting(self) -> int:
        return 5

    def rechecks_running(self) -> int:
        return 6


def test_they_are_read_when_asked_for() -> None:
    registry = Registry()
    saturation = Saturation(registry)
    saturation.hand_over()
    assert "default" not in registry.exposition()[0].decode()
    saturation.source = UsageSource()
    saturation.hand_over()
    assert {
        'upstream_connections_in_use{upstream="default"} 3.0',
        'upstream_connections_idle{upstream="default"} 2.0',
        'upstream_requests_waiting{upstream="default"} 7.0',
        'upstream_connections_limit{upstream="default"} 64.0',
        'connections_open{listener="public"} 12.0',
        'connections_limit{listener="public"} 4096.0',
        'requests_waiting{listener="public"} 1.0',
        "records_waiting 5.0",
        "rechecks_running 6.0",
    } <= set(registry.exposition()[0].decode().replace("toegangspoort_", "").splitlines())
