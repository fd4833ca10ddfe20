"""Whose session a ticket opened, which outlives the session."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.model import Identity, Organisation
from gateway.session.holder import REMEMBERED_SECONDS, Holder
from gateway.session.memory import MemoryStore
from gateway.session.sessions import Sessions
from gateway.session.settings import SessionSettings
from tests.gateway_fixture import StillClock

pytestmark = pytest.mark.anyio
AN = Identity(
    "op", "an", "An", "Peeters", doelgroep="EA", organisation=Organisation("0428315871", "Peeters nv")
)


@pytest.fixture
async def sessions(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Sessions:
    monkeypatch.setenv("HOLDER_KEY", "k" * 32)
    settings = SessionSettings.model_validate({"store": "memory:", "key": "env:HOLDER_KEY"})
    found = Sessions(settings, environment="ti", secure=False, clock=StillClock(1e9), store=MemoryStore())
    await found.start(sweep=False)
    return found


async def test_a_holder_is_known_after_the_session_and_not_for_ever(sessions: Sessions) -> None:
    _, ticket = await sessions.create(AN)
    await sessions.end(ticket)
    expected = Holder("op", "an", "An Peeters", "EA", "0428315871", "Peeters nv")
    assert await sessions.holder(ticket) == expected
    clock = sessions.clock
    assert isinstance(clock, StillClock)
    clock.now += 36_000 + REMEMBERED_SECONDS
    assert await sessions.holder(ticket) is None


async def test_a_renewed_ticket_has_its_holder(sessions: Sessions) -> None:
    session, ticket = await sessions.create(AN)
    other = replace(AN, organisation=Organisation("0456789034"))
    renewed = await sessions.renew(ticket, session, other)
    assert renewed is not None
    found = await sessions.holder(renewed[1])
    assert found is not None
    assert found.acts_for == ("0456789034", "EA")
    assert found.person == Holder.of(AN).person


async def test_a_ticket_that_never_had_a_session_has_no_holder(sessions: Sessions) -> None:
    assert await sessions.holder(sessions._stored.new_ticket().text) is None
    for odd in ("", "x", "x" * 43, "é" * 43):
        assert await sessions.holder(odd) is None
