"""Sessions: tickets, timeouts, renewal, the bound of a late revocation; against each store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import StoreUnavailable
from gateway.events import Event, SessionEnded, ignore
from gateway.model import Identity, Organisation, Right, Tokens
from gateway.session.ending import end_all
from gateway.session.memory import MemoryStore
from gateway.session.sessions import PeekedSession, Sessions
from gateway.session.settings import SessionSettings
from gateway.session.store import Store, StoredSession
from gateway.session.ticket import new_ticket
from tests.session.conftest import Clock

pytestmark = pytest.mark.anyio

WHO = Identity(
    issuer="https://acm.test/op", subject="abc", given_name="Zoë", organisation=Organisation("0456789034", "Peeters"),
    rights=(Right("A", "b-c", "0456789034"), Right("A", None, "0456789034")), claims={"x": [1, {"y": None}]},
)  # fmt: skip
TOKENS = Tokens("access-secret", "refresh-secret", "id-secret", 5.0)


async def start(folder: Path, store: Store, clock: Clock, **options: object) -> Sessions:
    key = folder / "session.key"
    if not key.exists():
        key.write_bytes(b"k" * 48)
        key.chmod(0o600)
    values = {"store": "memory:", "key": "file:session.key", **options}
    on_event: Any = values.pop("on_event", ignore)
    settings = SessionSettings.model_validate(values, context={"folder": folder})
    sessions = Sessions(settings, environment="ti", secure=True, clock=clock, store=store, on_event=on_event)
    await sessions.start()
    return sessions


Make = Callable[..., Awaitable[Sessions]]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Makes sessions that end with the test."""
    made: list[Sessions] = []

    async def one(folder: Path, store: Store, clock: Clock, **options: object) -> Sessions:
        made.append(await start(folder, store, clock, **options))
        return made[-1]

    yield one
    for sessions in made:
        await sessions.aclose()


async def test_a_ticket_opens_its_session_and_nothing_else_does(
    make: Make, tmp_path: Path, store: Store
) -> None:
    sessions = await make(tmp_path, store, Clock())
    session, ticket = await sessions.create(WHO, TOKENS)
    assert await sessions.open(ticket) == session
    for other in (
        new_ticket(),
        "",
        "x",
        ticket[:-1],
        ticket + "A",
        ticket.swapcase(),
        "A" * 43,
        "é" * 43,
        "\0" * 43,
    ):
        assert await sessions.open(other) is None
    assert ticket not in session.id
    await sessions.aclose()


async def test_another_process_reads_what_this_one_made(make: Make, tmp_path: Path, store: Store) -> None:
    one, two = await make(tmp_path, store, Clock()), await make(tmp_path, store, Clock())
    session, ticket = await one.create(WHO, TOKENS)
    assert await two.open(ticket) == session
    await one.end(ticket)
    assert await one.open(ticket) is None


async def test_a_revocation_is_seen_within_the_cache_lifetime(
    make: Make, tmp_path: Path, store: Store
) -> None:
    clock = Clock()
    one, two = (
        await make(tmp_path, store, clock, cache_ttl="5s"),
        await make(tmp_path, store, clock, cache_ttl="5s"),
    )
    _, ticket = await one.create(WHO)
    assert await two.open(ticket) is not None
    await one.end(ticket)
    for _ in range(10):
        clock.now += 1.0
        last = await two.open(ticket)
    assert last is None
    clock.now -= 4.5
    assert await two.open(ticket) is None


async def test_idle_and_absolute_timeouts(make: Make, tmp_path: Path, store: Store) -> None:
    clock = Clock()
    sessions = await make(tmp_path, store, clock, idle_timeout="30m", max_lifetime="10h")
    _, idle = await sessions.create(WHO)
    clock.now += 1799
    assert await sessions.open(idle) is not None
    await sessions.settle()
    clock.now += 1799
    assert await sessions.open(idle) is not None
    await sessions.settle()
    clock.now += 1801
    assert await sessions.open(idle) is None
    _, long = await sessions.create(WHO)
    for _ in range(23):
        clock.now += 1500
        assert await sessions.open(long) is not None
        await sessions.settle()
    clock.now += 1501
    assert await sessions.open(long) is None
    await sessions.aclose()


async def test_a_session_that_begins_later_than_any_lasts_has_ended_where_the_clock_was_set_back(
    make: Make, tmp_path: Path, store: Store
) -> None:
    clock = Clock()
    sessions = await make(tmp_path, store, clock, idle_timeout="30m", max_lifetime="10h")
    tickets = [(await sessions.create(WHO))[1] for _ in range(2)]
    clock.now -= 36_000
    assert await sessions.open(tickets[0]) is not None
    clock.now -= 1
    assert await sessions.open(tickets[0]) is None
    await sessions.settle()
    clock.now += 36_001
    assert await sessions.open(tickets[0]) is None, "what ended stays ended"
    assert await sessions.open(tickets[1]) is not None
    await sessions.aclose()


async def test_use_is_remembered_for_other_processes(make: Make, tmp_path: Path, store: Store) -> None:
    clock = Clock()
    one = await make(tmp_path, store, clock, idle_timeout="30m")
    _, ticket = await one.create(WHO)
    clock.now += 1700
    assert await one.open(ticket) is not None
    await one.settle()
    (found,) = await store.find()
    assert found.seen_at == clock.now
    clock.now += 1700
    two = await make(tmp_path, store, clock, idle_timeout="30m")
    assert await two.open(ticket) is not None


async def test_a_login_gives_a_new_ticket_and_ends_the_old_one(
    make: Make, tmp_path: Path, store: Store
) -> None:
    sessions = await make(tmp_path, store, Clock())
    _, old = await sessions.create(WHO)
    _, new = await sessions.create(WHO, replaces=old)
    assert new != old
    assert await sessions.open(old) is None
    assert await sessions.open(new) is not None
    assert len(await store.find()) == 1
    _, preset = await sessions.create(WHO, replaces="attacker-chose-this")
    assert await sessions.open("attacker-chose-this") is None
    assert await sessions.open(preset) is not None


async def test_many_requests_at_once_ask_the_store_once(make: Make, tmp_path: Path) -> None:
    class Counting(MemoryStore):
        asked = 0

        async def get(self, key: bytes) -> StoredSession | None:
            Counting.asked += 1
            await asyncio.sleep(0)
            return await super().get(key)

    store = Counting()
    one, two = await make(tmp_path, store, Clock()), await make(tmp_path, store, Clock())
    _, ticket = await one.create(WHO)
    found = await asyncio.gather(*(two.open(ticket) for _ in range(100)))
    assert all(found)
    assert Counting.asked == 1


async def test_a_store_that_is_down_is_told_and_cached_sessions_go_on(make: Make, tmp_path: Path) -> None:
    class Failing(MemoryStore):
        down = False

        async def get(self, key: bytes) -> StoredSession | None:
            if Failing.down:
                raise StoreUnavailable("down")
            return await super().get(key)

    clock = Clock()
    sessions = await make(tmp_path, Failing(), clock)
    _, ticket = await sessions.create(WHO)
    Failing.down = True
    assert await sessions.open(ticket) is not None
    clock.now += 6
    with pytest.raises(StoreUnavailable):
        await sessions.open(ticket)
    Failing.down = False
    assert await sessions.open(ticket) is not None


async def test_old_keys_are_still_read_after_a_change(make: Make, tmp_path: Path, store: Store) -> None:
    before = await make(tmp_path, store, Clock())
    _, ticket = await before.create(WHO)
    (tmp_path / "session.key").rename(tmp_path / "old.key")
    changed = await make_with_new_key(make, tmp_path, store, previous=True)
    assert await changed.open(ticket) is not None
    forgotten = await make_with_new_key(make, tmp_path, store, previous=False)
    assert await forgotten.open(ticket) is None


async def make_with_new_key(make: Make, folder: Path, store: Store, *, previous: bool) -> Sessions:
    (folder / "session.key").write_bytes(b"n" * 48)
    (folder / "session.key").chmod(0o600)
    return await make(folder, store, Clock(), previous_keys=["file:old.key"] if previous else [])


async def test_a_short_key_is_refused(make: Make, tmp_path: Path) -> None:
    (tmp_path / "session.key").write_bytes(b"short")
    (tmp_path / "session.key").chmod(0o600)
    with pytest.raises(ValueError, match="at least 32"):
        await make(tmp_path, MemoryStore(), Clock())


async def test_nothing_readable_lies_in_the_store(make: Make, tmp_path: Path, store: Store) -> None:
    sessions = await make(tmp_path, store, Clock())
    _, ticket = await sessions.create(WHO, TOKENS)
    (found,) = await store.find()
    everything = b"".join((found.key, found.sealed, found.subject, found.organisation))
    for secret in (ticket, WHO.subject, "0456789034", "Peeters", "access-secret", "refresh-secret"):
        assert secret.encode() not in everything


def test_cookies(tmp_path: Path) -> None:
    settings = SessionSettings.model_validate(
        {"store": "memory:", "key": "file:x"}, context={"folder": tmp_path}
    )
    secure = Sessions(settings, environment="prd", secure=True, clock=Clock())
    assert secure.set_cookie("T") == "__Host-tgp-prd-session=T; Path=/; HttpOnly; SameSite=Lax; Secure"
    cleared = "__Host-tgp-prd-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert secure.clear_cookie() == cleared
    plain = Sessions(settings, environment="ti", secure=False, clock=Clock())
    assert plain.set_cookie("T") == "tgp-ti-session=T; Path=/; HttpOnly; SameSite=Lax"


async def test_peeking_prolongs_nothing(make: Make, tmp_path: Path, store: Store) -> None:
    clock = Clock()
    sessions = await make(tmp_path, store, clock, idle_timeout="30m")
    session, ticket = await sessions.create(WHO)
    clock.now += 1000
    assert await sessions.peek(ticket) == PeekedSession(session, clock.now + 800)
    clock.now += 801
    assert await sessions.peek(ticket) is None


async def test_a_renewal_that_changes_access_moves_the_ticket(
    make: Make, tmp_path: Path, store: Store
) -> None:
    one, two = await make(tmp_path, store, Clock()), await make(tmp_path, store, Clock())
    session, ticket = await one.create(WHO)
    assert await two.open(ticket) == session
    same = await one.renew(ticket, session, WHO)
    assert same == (session, ticket)
    renewed = await one.renew(ticket, session, replace(WHO, rights=()))
    assert renewed is not None
    assert renewed[1] != ticket
    assert one.successor(ticket) == renewed[1]
    assert await one.open(ticket) == await two.reload(ticket) == renewed[0]
    assert two.successor(ticket) == renewed[1]
    assert await one.renew(ticket, session, WHO) is None
    await two.end(ticket)
    assert await store.find() == []


async def test_every_end_is_published_with_the_public_id(make: Make, tmp_path: Path, store: Store) -> None:
    events: list[Event] = []
    sessions = await make(tmp_path, store, Clock(), on_event=events.append)
    first, ticket = await sessions.create(WHO)
    second, other = await sessions.create(WHO)
    await sessions.end(ticket)
    assert await end_all(sessions, lambda _: True, subject="abc") == [second.id]
    assert events == [SessionEnded(first.id), SessionEnded(second.id)]
    assert await sessions.open(other) is None


async def test_a_cached_session_costs_no_hash(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = await make(tmp_path, MemoryStore(), Clock())
    _, ticket = await sessions.create(WHO)
    monkeypatch.setattr("gateway.session.ticket.hashlib", None)
    assert await sessions.open(ticket) is not None


async def test_nothing_works_before_the_start(tmp_path: Path) -> None:
    settings = SessionSettings.model_validate(
        {"store": "memory:", "key": "file:x"}, context={"folder": tmp_path}
    )
    sessions = Sessions(settings, environment="ti", secure=True, clock=Clock())
    with pytest.raises(StoreUnavailable, match="not started"):
        await sessions.open(new_ticket())


@pytest.mark.parametrize("ends", [False, True])
async def test_a_ticket_that_is_replaced_while_it_is_read_opens_what_replaced_it(
    make: Make, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    session, ticket = await (await make(tmp_path, store, Clock())).create(WHO)
    here = await make(tmp_path, store, Clock())
    fewer, read = replace(WHO, rights=()), store.get

    async def slowly(key: bytes) -> StoredSession | None:
        found = await read(key)
        monkeypatch.undo()
        renewed = await here.renew(ticket, session, fewer)
        assert renewed is not None
        if ends:
            await here.end(renewed[1])
        return found

    monkeypatch.setattr(store, "get", slowly)
    for _ in range(2):
        found = await here.open(ticket)
        assert (found.identity if found is not None else None) == (None if ends else fewer)
