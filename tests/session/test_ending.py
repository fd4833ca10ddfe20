"""All sessions of somebody end, also those that are moved meanwhile; against each store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import StoreUnavailable
from gateway.model import Identity, Tokens
from gateway.session.ending import end_all, ended_since
from gateway.session.own_sessions import OwnSessions
from gateway.session.sessions import Session, Sessions
from gateway.session.settings import SessionSettings
from gateway.session.store import Store, StoredSession
from tests.session.conftest import Clock

ANNA = Identity("op", "anna")
TOKENS = Tokens("access", "refresh", sid="s1")

pytestmark = pytest.mark.anyio


@pytest.fixture
async def sessions(tmp_path: Path, store: Store, clock: Clock) -> AsyncIterator[Sessions]:
    key = tmp_path / "session.key"
    key.write_bytes(b"k" * 48)
    key.chmod(0o600)
    values = {"store": "memory:", "key": "file:session.key"}
    settings = SessionSettings.model_validate(values, context={"folder": tmp_path})
    found = Sessions(settings, environment="ti", secure=True, clock=clock, store=store)
    await found.start(sweep=False)
    yield found
    await found.aclose()


def recheck_after_find(
    sessions: Sessions, ticket: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Let a recheck give this session another ticket right after it was found; that ticket."""
    find, moved = sessions.find, list[str]()

    async def found_then_moved(**given: Any) -> list[StoredSession]:
        found = await find(**given)
        if not moved:
            renewed = await sessions.renew(ticket, session, replace(ANNA, acr="urn:eid"))
            assert renewed is not None
            moved.append(renewed[1])
        return found

    monkeypatch.setattr(sessions, "find", found_then_moved)
    return moved


async def test_what_ended_before_the_store_failed_is_known_here(
    sessions: Sessions, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets = [(await sessions.create(ANNA))[1] for _ in range(3)]
    found = await sessions.find(subject="anna")
    delete = store.delete

    async def lost(key: bytes) -> bool:
        done = await delete(key)
        if key == found[1].key:
            raise StoreUnavailable("no answer in time")
        return done

    monkeypatch.setattr(store, "delete", lost)
    with pytest.raises(StoreUnavailable):
        await end_all(sessions, lambda _: True, subject="anna")
    assert sum(sessions.open_cached(each) is not None for each in tickets) == 1


async def test_all_that_match_end_and_no_others(sessions: Sessions, clock: Clock) -> None:
    first, ticket = await sessions.create(ANNA, TOKENS)
    clock.now += 10
    _, later = await sessions.create(ANNA, TOKENS)
    assert await end_all(sessions, lambda each: each.created_at < clock.now, subject="anna") == [first.id]
    assert await sessions.open(ticket) is None
    assert await sessions.open(later) is not None
    assert await end_all(sessions, lambda _: True, sid="s2") == []


@pytest.mark.parametrize("given", [{"sid": "s1"}, {"subject": "anna"}, {"sid": "s1", "subject": "anna"}])
async def test_a_session_that_is_moved_meanwhile_ends(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    session, ticket = await sessions.create(ANNA, TOKENS)
    moved = recheck_after_find(sessions, ticket, session, monkeypatch)
    assert len(await end_all(sessions, lambda _: True, **given)) == 1
    assert await sessions.open(ticket) is await sessions.open(moved[0]) is None


async def test_another_device_that_is_rechecked_meanwhile_ends(
    sessions: Sessions, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, ticket = await sessions.create(ANNA, TOKENS)
    clock.now += 10
    here, own = await sessions.create(ANNA)
    moved = recheck_after_find(sessions, ticket, phone, monkeypatch)
    assert await OwnSessions(sessions, clock).end(here, phone.id)
    assert await sessions.open(moved[0]) is None
    assert await sessions.open(own) is not None


async def test_what_ended_is_remembered_for_logins_that_were_under_way(
    sessions: Sessions, clock: Clock, pass_time: Callable[[float], Awaitable[None]]
) -> None:
    await end_all(sessions, lambda _: True, sid="s1")
    assert await ended_since(sessions, "s1", clock.now - 5)
    assert not await ended_since(sessions, "s2", clock.now - 5)
    await pass_time(10)
    assert not await ended_since(sessions, "s1", clock.now - 5), "a login that began after it"
    await end_all(sessions, lambda _: True, sid="s1")
    assert await ended_since(sessions, "s1", clock.now - 5), "the latest end counts"
    await pass_time(3_600)
    assert not await ended_since(sessions, "s1", 0.0)
