"""Kept forms in each session store: in pieces, sealed, sent once."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.endpoints.form_store import PIECE, FormStore, KeptForm
from gateway.errors import FormGone, StoreUnavailable
from gateway.session.holder import Holder
from gateway.session.memory import MemoryStore
from gateway.session.one_time import OneTimeStore
from gateway.session.redis import RedisStore
from gateway.session.sqlite import SqliteStore
from gateway.session.ticket import SessionCipher, new_ticket
from gateway.settings import SharedStore
from tests.gateway_fixture import StillClock
from tests.redis_server import running_redis

pytestmark = pytest.mark.anyio
HOLDER = Holder("op", "an", "An Peeters")


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="gw-redis-") as folder, running_redis(Path(folder)) as server:
        yield server.url


@pytest.fixture(params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.redis)])
async def forms(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[FormStore, Any, StillClock]]:
    clock = StillClock()
    store: Any = MemoryStore()
    if request.param == "sqlite":
        store = SqliteStore(tmp_path / "s.db")
    if request.param == "redis":
        store = RedisStore(
            SharedStore(request.getfixturevalue("redis"), None, ""), environment="ti", clock=clock
        )
    await store.start()
    cipher = SessionCipher("ti", (b"k" * 32,))
    yield (
        FormStore(OneTimeStore(store, lambda: cipher, clock, environment="ti"), clock, seconds=1_800),
        store,
        clock,
    )
    await store.aclose()


async def parts(content: bytes, size: int = 70_000) -> AsyncIterator[bytes]:
    for first in range(0, len(content), size):
        yield content[first : first + size]


def described(store: FormStore, size: int) -> KeptForm:
    return KeptForm(
        "/a;jsessionid=1/b;x?q=;1", "multipart/form-data", "", size, store.until, HOLDER, {"nl": "x"}
    )


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 10_485_760])
async def test_what_is_kept_comes_back(forms: tuple[FormStore, Any, StillClock], size: int) -> None:
    store, _, _ = forms
    secret, content = new_ticket(), (b"0123456789abcdef" * (size // 16 + 1))[:size]
    assert await store.write(secret, parts(content)) == size
    form = described(store, size)
    await store.describe(secret, form)
    assert await store.find(secret) == form
    pieces = [piece async for piece in store.body(secret, form)]
    assert b"".join(pieces) == content
    assert max(map(len, pieces), default=0) <= PIECE
    assert await store.find(new_ticket()) is None


async def test_it_is_claimed_once_and_may_wait_again(forms: tuple[FormStore, Any, StillClock]) -> None:
    store, _, clock = forms
    secret = new_ticket()
    await store.describe(secret, described(store, 0))
    assert await store.sent_at(secret) is None
    assert [await store.claim(secret, by) for by in ("r1", "r2")] == [True, False]
    assert await store.sent_at(secret) == clock.now
    await store.give_back(secret, "r2")
    assert await store.sent_at(secret) == clock.now, "it is another request that sends it"
    await store.give_back(secret, "r1")
    assert await store.claim(secret, "r2")


async def test_a_claim_without_an_answer_is_given_back_once_the_store_answers(
    forms: tuple[FormStore, Any, StillClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, raw, _ = forms
    monkeypatch.setattr("gateway.endpoints.form_store._GIVEN_BACK_EVERY", 0.01)
    secret, put, get = new_ticket(), raw.put_value, raw.get_value
    await store.describe(secret, described(store, 0))

    async def late(*values: Any, **named: Any) -> bool:
        await put(*values, **named)
        raise StoreUnavailable("no answer in time")

    async def down(*_values: Any, **_named: Any) -> None:
        raise StoreUnavailable("no answer in time")

    monkeypatch.setattr(raw, "put_value", late)
    with pytest.raises(StoreUnavailable):
        await store.claim(secret, "r1")
    monkeypatch.setattr(raw, "put_value", put)
    assert not await store.claim(secret, "r2")
    async with asyncio.timeout(30):
        while await store.sent_at(secret) is not None:
            await asyncio.sleep(0.01)
    assert await store.claim(secret, "r2")
    # What did not reach the register waits again, however late that is written down. The claim of another request stays.
    monkeypatch.setattr(raw, "get_value", down)
    with pytest.raises(StoreUnavailable):
        await store.give_back(secret, "r2")
    monkeypatch.setattr(raw, "get_value", get)
    async with asyncio.timeout(30):
        while await store.sent_at(secret) is not None:
            await asyncio.sleep(0.01)
        assert await store.claim(secret, "r3")
        while store._unsure:
            await asyncio.sleep(0.01)
    assert await store.sent_at(secret) is not None


async def test_what_was_sent_or_broke_off_leaves_no_body(forms: tuple[FormStore, Any, StillClock]) -> None:
    store, _, _ = forms
    secret, form = new_ticket(), described(store, 3 * PIECE)
    await store.write(secret, parts(b"x" * 3 * PIECE))
    await store.remove_body(secret, form)
    with pytest.raises(FormGone):
        await anext(store.body(secret, form))

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 2 * PIECE
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await store.write(secret, broken())
    with pytest.raises(FormGone):
        await anext(store.body(secret, form))


async def test_a_form_that_can_be_found_is_whole(forms: tuple[FormStore, Any, StillClock]) -> None:
    store, raw, clock = forms
    secret = new_ticket()
    await store.write(secret, parts(b"abc"))
    clock.now += 590  # a slow upload
    form = described(store, 3)
    await store.describe(secret, form)
    clock.now += 1_799
    assert await store.find(secret) == form
    assert [piece async for piece in store.body(secret, form)] == [b"abc"]
    clock.now += 1
    # Redis ends it by its own clock.
    assert isinstance(raw, RedisStore) or await store.find(secret) is None


async def test_nothing_is_readable_in_the_store() -> None:
    raw, clock = MemoryStore(), StillClock()
    cipher = SessionCipher("ti", (b"k" * 32,))
    store = FormStore(OneTimeStore(raw, lambda: cipher, clock, environment="ti"), clock, seconds=1_800)
    secret = new_ticket()
    await store.write(secret, parts(b"the text of the form"))
    await store.describe(secret, described(store, 20))
    assert len(raw._values) == 2
    for value, _ in raw._values.values():
        assert not [each for each in (b"text", b"An Peeters", b"multipart", secret.encode()) if each in value]


def test_an_address_for_people_has_no_path_parameters() -> None:
    store = FormStore(None, StillClock(), seconds=1)  # type: ignore[arg-type]
    assert described(store, 0).address == "/a/b"
