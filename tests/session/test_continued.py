"""With which ticket goes on what is under way while its own is replaced; against each store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.model import Identity, Organisation
from gateway.session.continued import ContinuedTickets
from gateway.session.sessions import PeekedSession, Sessions
from gateway.session.store import Store
from gateway.session.ticket import new_ticket
from tests.session.conftest import Clock
from tests.session.test_sessions import WHO, start

pytestmark = pytest.mark.anyio


@pytest.fixture
async def sessions(tmp_path: Path, store: Store, clock: Clock) -> AsyncIterator[Sessions]:
    found = await start(tmp_path, store, clock)
    yield found
    await found.aclose()


async def goes_on_with(sessions: Sessions, ticket: str, *, moved: bool = False) -> str | None:
    found = await sessions.continued.find(ticket, moved=moved)
    return found[0] if found is not None else None


async def test_what_is_under_way_goes_on_after_logins_of_the_same_person(sessions: Sessions) -> None:
    _, first = await sessions.create(WHO)
    assert await goes_on_with(sessions, first) == first
    _, second = await sessions.create(replace(WHO, acr="eid", rights=()), replaces=first)
    session, third = await sessions.create(WHO, replaces=second)
    assert await sessions.open(first) is None, "a request that begins now has nothing"
    assert await sessions.continued.find(first) == (third, await sessions.peek(third))
    assert await goes_on_with(sessions, second) == third
    changed = await sessions.renew(third, session, replace(WHO, rights=()))
    assert changed is not None
    assert await goes_on_with(sessions, first) == changed[1]
    await sessions.end(changed[1])
    assert [await goes_on_with(sessions, each) for each in (first, second, third)] == [None] * 3


@pytest.mark.parametrize(
    "other", [replace(WHO, subject="def"), replace(WHO, organisation=Organisation("0777000187", None))]
)
async def test_nothing_goes_on_as_somebody_else(sessions: Sessions, other: Identity) -> None:
    _, first = await sessions.create(WHO)
    _, second = await sessions.create(other, replaces=first)
    assert await goes_on_with(sessions, first) is None
    assert await goes_on_with(sessions, second) == second


async def test_what_a_logout_ended_does_not_go_on_with_a_later_login(sessions: Sessions) -> None:
    _, first = await sessions.create(WHO)
    await sessions.end(first)
    await sessions.create(WHO, replaces=first)
    assert await goes_on_with(sessions, first) is None
    assert await goes_on_with(sessions, "attacker-chose-this") is None


async def test_of_two_logins_at_the_same_time_the_later_one_counts(sessions: Sessions) -> None:
    _, first = await sessions.create(WHO)
    _, second = await sessions.create(WHO, replaces=first)
    _, third = await sessions.create(WHO, replaces=first)
    assert await goes_on_with(sessions, first) == third
    assert await goes_on_with(sessions, second, moved=True) == third, "as the browser has that ticket by now"
    await sessions.end(third)
    assert await goes_on_with(sessions, second, moved=True) is None


async def test_what_needed_no_proof_never_goes_on_with_a_ticket_that_does(sessions: Sessions) -> None:
    session, _ = await sessions.create(WHO)
    bound = f"{new_ticket()}.{'b' * 22}"
    earlier = f"{new_ticket()}.{'a' * 22}"
    peeked = PeekedSession(session, 5.0)

    async def peek(ticket: str) -> PeekedSession | None:
        return peeked if ticket == bound else None

    continued = ContinuedTickets(sessions.one_time, peek)
    plain = new_ticket()
    for each in (plain, earlier):
        await continued.note(each, bound, seconds=60)
    assert await continued.find(plain) is None
    assert await continued.find(earlier) == (bound, peeked)
