"""What the metrics read."""

from __future__ import annotations

from gateway.assembly.areas import areas
from gateway.assembly.measures import Use, watched
from gateway.edge.protocol import protocol_class
from gateway.observe.saturation import ListenerUse, PoolUse
from tests.assembly.conftest import Made


def test_each_upstream_and_each_listener_is_counted_by_its_name(made: Made) -> None:
    environment = made(upstream={"max_connections": 7}, edge={"max_connections": 9})
    parts, listeners = areas(environment), {}
    use = Use(parts, listeners)
    assert use.upstream_use() == {"default": PoolUse(0, 0, 0, 7)}
    assert use.listener_use() == {}
    listeners["public"] = protocol_class(environment.settings.edge).listener
    assert use.listener_use() == {"public": ListenerUse(0, 9, 0)}
    assert (use.records_waiting(), use.rechecks_running()) == (0, 0)


def test_what_expires_is_watched_by_its_name(made: Made) -> None:
    tls = {"certificate": "client.pem", "key": "file:client.key", "ca": "ca.pem"}
    environment = made(upstream={"url": "https://a", "tls": tls})
    found = watched(environment)
    assert set(found.certificates) == {"default"}
    assert set(found.authorities) == {"default ca"}
    assert found.keys["sessions"]() is None
