"""When a server takes requests, by a clock that is turned."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.events import ServerFailed, ServerOut, ServerReturned
from gateway.upstream.server_health import HealthEvent, ServerHealth
from gateway.upstream.settings import UpstreamSettings


class Watched:
    """The health of one server, its clock and its events."""

    def __init__(self, **settings: Any) -> None:
        self.now = 0.0
        self.events: list[HealthEvent] = []
        model = UpstreamSettings.model_validate({"url": "http://a"} | settings)
        self.health = ServerHealth(
            model, upstream="u", server="a", steady=lambda: self.now, on_event=self.events.append
        )

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            self.health.failed("upstream-timeout")


def test_only_failures_in_a_row_count() -> None:
    seen = Watched(breaker={"failures": 3})
    seen.fail(2)
    seen.health.succeeded()
    seen.fail(2)
    assert seen.health.admits()
    seen.fail()
    assert not seen.health.admits()
    assert seen.events[-1] == ServerOut("u", "a", "upstream-timeout")
    assert seen.health.retry_in() == 10.0


def test_one_request_tries_it_at_a_time() -> None:
    seen = Watched(breaker={"failures": 1, "open_for": "10s"})
    seen.fail()
    seen.now = 10.0
    assert seen.health.admits()
    seen.health.taken()
    assert not seen.health.admits()
    seen.now = 20.0  # that one never ended: its client left
    assert seen.health.admits()
    seen.health.taken()
    seen.fail()
    assert not seen.health.admits()
    seen.health.succeeded()
    assert seen.health.admits()
    assert [type(each) for each in seen.events] == [ServerFailed, ServerOut, ServerFailed, ServerReturned]


def test_its_share_grows_while_it_starts() -> None:
    seen = Watched(breaker={"failures": 1}, slow_start="100s")
    assert seen.health.share() == 1.0
    seen.fail()
    seen.health.succeeded()
    shares = []
    for seen.now in (0.0, 50.0, 100.0, 0.0):
        shares.append(seen.health.share())
    assert shares == [0.1, 0.5, 1.0, 1.0]


def test_probes_must_agree() -> None:
    seen = Watched(probe={"path": "/", "fall": 2, "rise": 2})
    for fault in ("down", None, "down", "down"):
        assert seen.health.admits()
        seen.health.probed(fault)
    assert (seen.health.out, seen.health.why) == (True, "down")
    assert seen.health.retry_in() == 5.0
    for fault in (None, "down", None, None):
        assert seen.health.out
        seen.health.probed(fault)
    assert seen.health.admits()
    assert seen.events == [ServerOut("u", "a", "down"), ServerReturned("u", "a")]


def test_a_probe_closes_the_breaker_too() -> None:
    seen = Watched(probe={"path": "/", "fall": 1}, breaker={"failures": 1})
    seen.fail()
    seen.health.probed("down")
    seen.health.probed(None)
    assert seen.health.admits()


@pytest.mark.parametrize(
    ("settings", "steadfast"),
    [({}, True), ({"breaker": {}}, False), ({"probe": {"path": "/"}}, False)],
)
def test_what_can_put_a_single_server_out(settings: dict[str, Any], steadfast: bool) -> None:
    seen = Watched(**settings)
    assert seen.health.steadfast is steadfast
    seen.fail(10)
    assert seen.health.admits() is ("breaker" not in settings)
