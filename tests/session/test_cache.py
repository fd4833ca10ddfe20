"""One cache of opened sessions: bounded in time, and what ended does not come back."""

from __future__ import annotations

import pytest

from gateway.model import Identity
from gateway.session.cache import MOVED_SECONDS, OpenedSession, SessionCache
from gateway.session.codec import Session
from gateway.session.ticket import Ticket
from tests.session.conftest import Clock


def opened(text: str) -> OpenedSession:
    return OpenedSession(Ticket(text, b""), Session(f"id-{text}", Identity("op", "zoe"), 0.0, 9.0), 0.0, 0.0)


@pytest.fixture
def cache(clock: Clock) -> SessionCache:
    return SessionCache(100, 5.0, clock)


def test_a_session_is_remembered_for_a_while(cache: SessionCache, clock: Clock) -> None:
    assert cache.put(opened("a"))
    clock.now += 4.9
    assert cache.get("a") == opened("a")
    clock.now += 0.2
    assert cache.get("a") is None


def test_what_was_dropped_may_come_back_and_what_ended_may_not(cache: SessionCache) -> None:
    for text in ("a", "b", "c"):
        cache.put(opened(text))
    assert cache.drop("a") == opened("a")
    assert cache.drop("a") is None
    cache.end("b")
    cache.end_all(["id-c", "id-x"])
    assert [cache.get(text) for text in ("a", "b", "c")] == [None] * 3
    assert [cache.put(opened(text)) for text in ("a", "b", "c")] == [True, False, False]
    cache.clear()
    assert cache.get("a") is None
    assert not cache.put(opened("b"))


def test_a_ticket_leads_to_its_successor_for_a_minute(cache: SessionCache, clock: Clock) -> None:
    cache.put(opened("a"))
    cache.move("a", Ticket("b", b""))
    assert cache.get("a") is None
    assert cache.successor("a") == Ticket("b", b"")
    clock.now += MOVED_SECONDS
    assert cache.successor("a") is None


def test_where_the_store_is_silent_a_session_goes_on_for_the_grace_unless_it_ended(clock: Clock) -> None:
    cache = SessionCache(100, 5.0, clock, grace=30.0)
    for text in ("a", "b", "c", "d"):
        cache.put(opened(text))
    cache.drop("a")  # only a look at the store
    cache.gone("b")
    cache.end("c")
    cache.end_all(["id-d"])
    clock.now += 34.0
    assert [cache.keep_on(text) for text in ("a", "b", "c", "d")] == [opened("a"), None, None, None]
    assert cache.get("a") == opened("a")
    clock.now += 1.5
    assert cache.get("a") is not None
    assert cache.keep_on("a") is None


def test_without_a_grace_nothing_goes_on(cache: SessionCache, clock: Clock) -> None:
    cache.put(opened("a"))
    clock.now += 5.1
    assert cache.keep_on("a") is None
