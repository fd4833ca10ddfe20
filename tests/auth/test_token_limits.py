"""Strangers with random tokens: how often the provider is asked, and that programs with good tokens go on."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from gateway.auth.machines import Machines
from gateway.auth.provider import Provider
from gateway.auth.settings import MachineSettings, ProviderSettings
from gateway.errors import BearerRefused, ClientLimited, GatewayError, ProviderUnavailable
from gateway.events import ProviderCalled
from tests.auth.scripted_provider import CLIENT_ID, SECRET, ScriptedProvider
from tests.auth.test_machines import OPAQUE, stands_for
from tests.gateway_fixture import StillClock

pytestmark = pytest.mark.anyio


class Side:
    """Machine clients against the scripted provider, and what was published about its calls."""

    def __init__(
        self, machines: Machines, results: Counter[str], op: ScriptedProvider, provider: Provider
    ) -> None:
        self.machines, self.results, self.op, self.provider = machines, results, op, provider

    async def ask(self, token: str | None = None, client: str = "192.0.2.66") -> str:
        try:
            return (await self.machines.identity(token or secrets.token_hex(16), client)).subject
        except GatewayError as refused:
            return type(refused).__name__


Make = Callable[..., Any]


@pytest.fixture
async def side(
    settings: Callable[..., ProviderSettings], op: ScriptedProvider, clock: StillClock, tmp_path: Path
) -> AsyncIterator[Make]:
    opened: list[Any] = []

    async def made(**changes: Any) -> Side:
        results: Counter[str] = Counter()

        def count(event: Any) -> None:
            if isinstance(event, ProviderCalled) and event.endpoint == "introspection":
                results[event.result] += 1

        (tmp_path / "api.secret").write_text(SECRET)
        (tmp_path / "api.secret").chmod(0o600)
        introspection = {
            "client_id": CLIENT_ID,
            "client_auth": {"method": "client_secret_basic", "secret": "file:api.secret"},
            "audience": ["ncr-api"],
            **changes,
        }
        provider = Provider(settings(), clock=clock, steady=clock, on_event=count)
        read = MachineSettings.model_validate({"introspection": introspection}, context={"folder": tmp_path})
        machines = Machines(read, provider, clock=clock, steady=clock)
        for each in (provider, machines):
            await each.start()
            opened.append(each)
        return Side(machines, results, op, provider)

    yield made
    for each in reversed(opened):
        await each.aclose()


async def test_a_stranger_makes_the_provider_do_little(
    side: Make, op: ScriptedProvider, clock: StillClock
) -> None:
    found: Side = await side(refused_limit={"burst": 30, "every": "1m"})
    stands_for(op)
    assert await found.ask(OPAQUE) == "machine-1"
    answers = Counter([await found.ask() for _ in range(500)])
    assert answers == {"BearerRefused": 30, "ClientLimited": 470}
    assert op.seen["introspect"] == 31
    assert await found.ask(OPAQUE) == "machine-1"
    assert await found.ask(client="192.0.2.67") == "BearerRefused", "others are asked about"
    clock.now += 61
    assert [await found.ask() for _ in range(2)] == ["BearerRefused", "ClientLimited"]
    assert await found.ask(OPAQUE) == "machine-1", "asked again, though its address is over the limit"
    with pytest.raises(ClientLimited) as limited:
        await found.machines.identity(secrets.token_hex(16), "192.0.2.66")
    assert limited.value.facts == {"reason": "tokens", "retry_after": 59}


async def test_good_tokens_do_not_count(side: Make, op: ScriptedProvider) -> None:
    found: Side = await side(refused_limit={"burst": 1, "every": "1h"})
    for number in range(20):
        stands_for(op, f"{OPAQUE}{number}")
        assert await found.ask(f"{OPAQUE}{number}") == "machine-1"
    assert await found.ask() == "BearerRefused"
    assert await found.ask() == "ClientLimited"


async def test_so_many_questions_are_under_way_and_good_tokens_have_turns_of_their_own(
    side: Make, op: ScriptedProvider, clock: StillClock
) -> None:
    found: Side = await side(max_concurrency=1)
    stands_for(op)
    assert await found.ask(OPAQUE) == "machine-1"
    clock.now += 61
    crowd = [found.ask(client=f"10.0.0.{number}") for number in range(50)]
    *others, good = await asyncio.gather(*crowd, found.ask(OPAQUE))
    assert good == "machine-1"
    assert Counter(others) == {"BearerRefused": 5, "Overloaded": 45}
    assert await found.ask() == "BearerRefused"


async def test_a_token_of_a_person_is_remembered_as_refused(side: Make, op: ScriptedProvider) -> None:
    found: Side = await side()
    stands_for(op, vo_id="somebody")
    assert {await found.ask(OPAQUE) for _ in range(5)} == {"BearerRefused"}
    assert op.seen["introspect"] == 1


async def test_the_clock_may_be_set_back_and_ahead(
    side: Make, op: ScriptedProvider, clock: StillClock
) -> None:
    steady = StillClock(now=500.0)
    found: Side = await side()
    machines = Machines(found.machines.settings, found.provider, clock=clock, steady=steady)
    await machines.start()
    stands_for(op, exp=int(clock.now) + 30)
    await machines.identity(OPAQUE, "192.0.2.1")
    clock.now += 31
    with pytest.raises(BearerRefused):
        await machines.identity(OPAQUE, "192.0.2.1")
    clock.now -= 7_200
    stands_for(op)
    steady.now += 6
    assert (await machines.identity(OPAQUE, "192.0.2.1")).subject == "machine-1"
    op.introspected.clear()
    steady.now += 61
    with pytest.raises(BearerRefused):
        await machines.identity(OPAQUE, "192.0.2.1")
    await machines.aclose()


async def test_only_no_answer_is_an_error(side: Make, op: ScriptedProvider) -> None:
    found: Side = await side()
    stands_for(op)
    await found.ask(OPAQUE)
    await found.ask()
    op.answers["introspect"] = lambda _form: JSONResponse({"error": "invalid_request"}, 400)
    await found.ask()
    assert found.results == {"ok": 1, "refused": 2}
    op.answers["introspect"] = lambda _form: JSONResponse({}, 503)
    with pytest.raises(ProviderUnavailable):
        await found.machines.identity("x" * 30, "192.0.2.1")
    assert found.results["error"] == 1


async def test_a_caller_that_goes_away_says_nothing_about_the_provider(
    settings: Callable[..., ProviderSettings], clock: StillClock
) -> None:
    results: list[Any] = []
    provider = Provider(settings(), clock=clock, on_event=results.append)
    with pytest.raises(asyncio.CancelledError):
        async with provider.call("token"):
            raise asyncio.CancelledError
    assert results == []
