"""What is checked of an environment that runs."""

from __future__ import annotations

from gateway.assembly.areas import areas
from gateway.assembly.checks import VITAL, checks
from gateway.assembly.keys import keys
from tests.assembly.conftest import Made


async def test_it_stays_ready_without_its_register_and_says_so(made: Made) -> None:
    environment = made(upstream={"url": "http://a", "breaker": {"failures": 1}})
    parts = areas(environment)
    parts.register.upstreams.default.pools[0].health.failed("upstream-timeout")
    found = await checks(parts, keys(environment, parts, None), draining=bool)["upstreams"]()
    assert (found.ready, found.detail) == (True, "default: http://a is out: upstream-timeout")


async def test_it_is_not_ready_once_it_stops(made: Made) -> None:
    environment, draining = made(), [False]
    parts = areas(environment)
    found = checks(parts, keys(environment, parts, None), draining=lambda: draining[0])
    assert set(VITAL) <= set(found)
    assert (await found["serving"]()).ready
    draining[0] = True
    assert not (await found["serving"]()).ready


async def test_without_its_store_it_is_degraded_and_stays_ready(made: Made) -> None:
    environment = made(session={"store": "redis://127.0.0.1:9/0"})
    parts = areas(environment)
    found = await checks(parts, keys(environment, parts, None), draining=bool)["sessions"]()
    assert (found.ready, found.degraded) == (True, True)
    assert "only open paths work" in found.detail
