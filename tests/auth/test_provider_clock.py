"""A provider that did not answer for a moment, while the clock of the machine is set."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.responses import JSONResponse

from gateway.auth.provider import Provider
from gateway.auth.settings import ProviderSettings
from gateway.errors import ProviderUnavailable
from tests.auth.scripted_provider import ScriptedProvider
from tests.gateway_fixture import StillClock

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("jump", [-3_600, 3_600])
async def test_a_clock_that_is_set_does_not_keep_the_provider_away(
    settings: Callable[..., ProviderSettings], op: ScriptedProvider, clock: StillClock, jump: int
) -> None:
    steady = StillClock(now=100.0)
    provider = Provider(settings(), clock=clock, steady=steady)
    await provider.start()
    op.answers["discovery"] = lambda _request: JSONResponse({}, 503)
    with pytest.raises(ProviderUnavailable):
        await provider.metadata()
    op.answers.clear()
    clock.now += jump
    with pytest.raises(ProviderUnavailable, match="a moment ago"):
        await provider.metadata()
    steady.now += 6
    assert (await provider.metadata()).token_endpoint
    assert await provider.keys()
    asked = dict(op.seen)
    clock.now += 2 * jump
    assert await provider.keys()
    assert await provider.reachable()
    assert op.seen == asked, "what is cached stays cached"
    steady.now += 3_601
    await provider.keys()
    await provider.metadata()
    assert op.seen["discovery"] == asked["discovery"] + 1
    assert op.seen["keys"] == asked["keys"] + 1
    await provider.aclose()
