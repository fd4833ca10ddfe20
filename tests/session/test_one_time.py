"""What happens once across all processes: claims, and contents that one secret opens; against each store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.session.one_time import OneTimeStore
from gateway.session.store import Store
from gateway.session.ticket import SessionCipher, new_ticket
from tests.session.conftest import Clock

pytestmark = pytest.mark.anyio


@pytest.fixture
def one_time(store: Store, clock: Clock) -> OneTimeStore:
    cipher = SessionCipher("ti", (b"k" * 32,))
    return OneTimeStore(store, lambda: cipher, clock, environment="ti")


async def test_one_caller_claims_a_value_until_it_is_released_or_expires(
    one_time: OneTimeStore, pass_time: Callable[[float], Awaitable[None]]
) -> None:
    claims = (one_time.claim("job", "a", seconds=60, by=bytes([number])) for number in range(20))
    won = await asyncio.gather(*claims)
    assert won.count(True) == 1
    assert await one_time.claimed_by("job", "a") == bytes([won.index(True)])
    assert await one_time.claim("other job", "a", seconds=60)
    await one_time.release("job", "a")
    assert await one_time.claimed_by("job", "a") is None
    assert await one_time.claim("job", "a", seconds=60)
    await pass_time(60.0)
    assert await one_time.claim("job", "a", seconds=60)


async def test_a_content_is_read_any_number_of_times_and_taken_once(one_time: OneTimeStore) -> None:
    secret = new_ticket()
    assert await one_time.put("form", secret, b"content", seconds=60)
    assert not await one_time.put("form", secret, b"other", seconds=60)
    assert await one_time.get("form", secret) == await one_time.get("form", secret) == b"content"
    assert await one_time.get("form", new_ticket()) is None
    assert await one_time.get("another kind", secret) is None
    taken = await asyncio.gather(*(one_time.take("form", secret) for _ in range(20)))
    assert (taken.count(b"content"), taken.count(None)) == (1, 19)
    assert await one_time.get("form", secret) is None


async def test_a_content_takes_the_place_of_another(one_time: OneTimeStore) -> None:
    secret = new_ticket()
    for content in (b"first", b"second"):
        await one_time.replace("thing", secret, content, seconds=10.0)
        assert await one_time.get("thing", secret) == content
    assert not await one_time.put("thing", secret, b"third", seconds=10.0)


async def test_the_store_sees_neither_name_nor_content(one_time: OneTimeStore) -> None:
    class Spy:
        seen: list[bytes]

        async def put_value(self, name: bytes, value: bytes, *, until: float, now: float) -> bool:
            self.seen = [name, value]
            return True

    spy, secret = Spy(), new_ticket()
    one_time._store = spy  # type: ignore[assignment]
    await one_time.put("form", secret, b"content", seconds=60)
    for part in (b"form", secret.encode(), b"content"):
        assert all(part not in octets for octets in spy.seen)
