"""The sessions of one person, in every store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.model import Identity, Tokens
from gateway.session.own_sessions import MOST_SHOWN, OwnSessions
from gateway.session.sessions import Sessions
from gateway.session.settings import SessionSettings
from gateway.session.store import Store
from tests.session.conftest import Clock

ANNA, BERT = Identity("op", "anna"), Identity("op", "bert")

pytestmark = pytest.mark.anyio
TOKENS = Tokens("access", "refresh")


@pytest.fixture
async def sessions(tmp_path: Path, store: Store, clock: Clock) -> AsyncIterator[Sessions]:
    key = tmp_path / "session.key"
    key.write_bytes(b"k" * 48)
    key.chmod(0o600)
    values = {"store": "memory:", "key": "file:session.key", "idle_timeout": "30m"}
    settings = SessionSettings.model_validate(values, context={"folder": tmp_path})
    found = Sessions(settings, environment="ti", secure=True, clock=clock, store=store)
    await found.start(sweep=False)
    yield found
    await found.aclose()


async def test_others_are_listed_and_ended_one_by_one(sessions: Sessions, clock: Clock) -> None:
    own = OwnSessions(sessions, clock)
    here, _ = await sessions.create(ANNA, device="Firefox/Linux")
    await sessions.create(BERT, device="Chrome/Windows")
    clock.now += 10
    phone, ticket = await sessions.create(ANNA, device="Safari/iPhone")
    clock.now += 10
    tablet, _ = await sessions.create(ANNA)
    found = await own.others(here)
    assert [(each.id, each.device) for each in found] == [(tablet.id, None), (phone.id, "Safari/iPhone")]
    assert found[1].created_at == found[1].seen_at == clock.now - 10
    assert await own.end(here, phone.id)
    assert await sessions.open(ticket) is None
    assert [each.id for each in await own.others(here)] == [tablet.id]


async def test_nobody_ends_the_session_of_another(sessions: Sessions, clock: Clock) -> None:
    own = OwnSessions(sessions, clock)
    anna, _ = await sessions.create(ANNA)
    bert, ticket = await sessions.create(BERT)
    for other in (bert.id, "", "0" * 16, "%"):
        assert not await own.end(anna, other)
    assert await sessions.open(ticket) is not None


async def test_what_ended_by_time_is_not_shown(sessions: Sessions, clock: Clock) -> None:
    own = OwnSessions(sessions, clock)
    await sessions.create(ANNA)
    clock.now += 1_801
    here, _ = await sessions.create(ANNA)
    assert await own.others(here) == []


async def test_the_device_follows_a_session_to_its_new_ticket(sessions: Sessions, clock: Clock) -> None:
    own = OwnSessions(sessions, clock)
    here, _ = await sessions.create(ANNA)
    phone, ticket = await sessions.create(ANNA, TOKENS, device="Safari/iPhone")
    renewed = await sessions.renew(ticket, phone, replace(ANNA, acr="urn:eid"))
    assert renewed is not None
    assert renewed[0].id != phone.id
    (found,) = await own.others(here)
    assert (found.id, found.device) == (renewed[0].id, "Safari/iPhone")


async def test_a_list_has_an_end(sessions: Sessions, clock: Clock) -> None:
    here, _ = await sessions.create(ANNA)
    for _each in range(MOST_SHOWN + 3):
        await sessions.create(ANNA)
    assert len(await OwnSessions(sessions, clock).others(here)) == MOST_SHOWN
