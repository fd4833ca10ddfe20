"""A session is found by its public id as long as it lives, in any process, and no longer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.event_bus import Events
from gateway.model import Identity, Organisation, Tokens
from gateway.session.sessions import Sessions
from gateway.session.settings import SessionSettings
from gateway.session.store import Store, StoredSession
from tests.session.conftest import Clock

pytestmark = pytest.mark.anyio
ANNA = Identity("op", "anna", organisation=Organisation("1"))


def _sessions(folder: Path, store: Store, clock: Clock, *, findable: bool = True) -> Sessions:
    key = folder / "session.key"
    key.write_bytes(b"k" * 48)
    key.chmod(0o600)
    values = {"store": "memory:", "key": "file:session.key", "idle_timeout": "30m", "cache_ttl": "5s"}
    settings = SessionSettings.model_validate(values, context={"folder": folder})
    events = Events()
    found = Sessions(
        settings,
        environment="ti",
        secure=True,
        clock=clock,
        store=store,
        findable=findable,
        on_event=events,
    )
    if found.live is not None:
        events.subscribe(found.live)
    return found


@pytest.fixture
async def sessions(tmp_path: Path, store: Store, clock: Clock) -> AsyncIterator[Sessions]:
    found = _sessions(tmp_path, store, clock)
    await found.start(sweep=False)
    yield found
    await found.aclose()


async def _of(sessions: Sessions, name: str) -> Identity | None:
    assert sessions.live is not None
    found = await sessions.live.of(name)
    if found is not None:
        assert found.tokens is None
    return found.identity if found is not None else None


async def test_another_process_finds_it(
    sessions: Sessions, tmp_path: Path, store: Store, clock: Clock
) -> None:
    session, _ = await sessions.create(ANNA, Tokens("access", "refresh"))
    other = _sessions(tmp_path, store, clock)
    await other.start(sweep=False)
    assert await _of(other, session.id) == ANNA
    assert await _of(other, "0" * 16) is None


async def test_a_logout_ends_it_at_once_and_elsewhere_a_moment_later(
    sessions: Sessions, tmp_path: Path, store: Store, clock: Clock
) -> None:
    other = _sessions(tmp_path, store, clock)
    await other.start(sweep=False)
    session, ticket = await sessions.create(ANNA)
    assert await _of(other, session.id) == ANNA
    await sessions.end(ticket)
    assert await _of(sessions, session.id) is None
    clock.now += 6
    assert await _of(other, session.id) is None


async def test_it_ends_by_time(sessions: Sessions, clock: Clock) -> None:
    session, _ = await sessions.create(ANNA)
    clock.now += 29 * 60
    assert await _of(sessions, session.id) == ANNA
    clock.now += 2 * 60
    assert await _of(sessions, session.id) is None


async def test_after_a_recheck_it_is_what_it_became_by_both_ids(sessions: Sessions, clock: Clock) -> None:
    session, ticket = await sessions.create(ANNA)
    same = await sessions.renew(ticket, replace(session, checked_at=clock.now + 1), ANNA)
    assert same is not None
    again = await sessions.renew(
        ticket, replace(session, checked_at=clock.now + 2), replace(ANNA, given_name="A")
    )
    assert again is not None
    found = await _of(sessions, session.id)
    assert found is not None
    assert found.given_name == "A"
    moved = replace(ANNA, organisation=Organisation("2"))
    renewed = await sessions.renew(ticket, replace(session, checked_at=clock.now + 3), moved)
    assert renewed is not None
    assert renewed[0].id != session.id
    for name in (session.id, renewed[0].id):
        assert await _of(sessions, name) == moved


async def test_by_an_earlier_id_a_logout_and_what_it_becomes_count_at_once(
    sessions: Sessions, clock: Clock
) -> None:
    first, ticket = await sessions.create(ANNA)
    moved = replace(ANNA, organisation=Organisation("2"))
    renewed = await sessions.renew(ticket, replace(first, checked_at=clock.now + 1), moved)
    assert renewed is not None
    session, ticket = renewed
    assert await _of(sessions, first.id) == moved
    named = replace(moved, given_name="A")
    assert await sessions.renew(ticket, replace(session, checked_at=clock.now + 2), named) is not None
    assert await _of(sessions, first.id) == named
    again = await sessions.renew(ticket, replace(session, checked_at=clock.now + 3), ANNA)
    assert again is not None
    names = (first.id, session.id, again[0].id)
    for name in names:
        assert await _of(sessions, name) == ANNA
    await sessions.end(again[1])
    for name in names:
        assert await _of(sessions, name) is None


async def test_one_that_ends_while_it_is_looked_for_is_not_remembered(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, ticket = await sessions.create(ANNA)
    read = sessions.store.get

    async def slowly(key: bytes) -> StoredSession | None:
        found = await read(key)
        monkeypatch.undo()
        await sessions.end(ticket)
        return found

    monkeypatch.setattr(sessions.store, "get", slowly)
    assert await _of(sessions, session.id) == ANNA
    assert await _of(sessions, session.id) is None


async def test_nothing_is_kept_where_nobody_asks(tmp_path: Path, store: Store, clock: Clock) -> None:
    plain = _sessions(tmp_path, store, clock, findable=False)
    await plain.start(sweep=False)
    await plain.create(ANNA)
    assert plain.live is None
