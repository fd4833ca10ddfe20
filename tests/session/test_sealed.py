"""Sessions through the store and back, and nothing for what cannot be opened; against each store."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from gateway.errors import StoreUnavailable
from gateway.model import Identity, Organisation, Tokens
from gateway.session.cache import OpenedSession
from gateway.session.codec import Session
from gateway.session.sealed import SealedSessions
from gateway.session.settings import SessionSettings
from gateway.session.store import Store
from tests.session.conftest import Clock

pytestmark = pytest.mark.anyio
ZOE = Identity("op", "zoe", organisation=Organisation("0456789034"))


def settings(folder: Path, name: str = "a") -> SessionSettings:
    key = folder / f"{name}.key"
    key.write_bytes(name.encode() * 32)
    key.chmod(0o600)
    values = {"store": "memory:", "key": f"file:{name}.key", "idle_timeout": "60s"}
    return SessionSettings.model_validate(values, context={"folder": folder})


@pytest.fixture
async def sealed(tmp_path: Path, store: Store, clock: Clock) -> SealedSessions:
    found = SealedSessions(settings(tmp_path), "ti", clock=clock, store=store)
    await found.start()
    return found


def opened(sealed: SealedSessions, text: str, now: float, sid: str | None = None) -> OpenedSession:
    ticket = sealed.ticket(text * 43)
    tokens = Tokens("access", sid=sid) if sid is not None else None
    return OpenedSession(ticket, Session(ticket.session_id, ZOE, now, now + 600, tokens), now, now)


async def test_a_session_comes_back_as_it_was(sealed: SealedSessions, clock: Clock) -> None:
    first = opened(sealed, "a", clock.now, "provider-1")
    await sealed.write(first)
    assert await sealed.read(first.ticket) == first
    await sealed.touch(first.ticket, clock.now + 5)
    found = await sealed.read(first.ticket)
    assert found is not None
    assert found.seen_at == clock.now + 5
    second = opened(sealed, "b", clock.now)
    assert await sealed.swap(first.ticket, second)
    assert await sealed.read(first.ticket) is None
    assert not await sealed.swap(first.ticket, second)
    assert await sealed.delete(second.ticket.key)
    assert not await sealed.delete(second.ticket.key)


async def test_sessions_are_found_by_what_they_belong_to(sealed: SealedSessions, clock: Clock) -> None:
    await sealed.write(opened(sealed, "a", clock.now, "provider-1"))
    await sealed.write(opened(sealed, "b", clock.now + 1))
    assert len(await sealed.find()) == len(await sealed.find(subject="zoe")) == 2
    assert len(await sealed.find(organisation="0456789034", sid="provider-1")) == 1
    assert await sealed.find(subject="jan") == []


async def test_the_sweep_removes_what_expired_or_is_idle(sealed: SealedSessions, clock: Clock) -> None:
    await sealed.write(opened(sealed, "a", clock.now))
    await sealed.write(opened(sealed, "b", clock.now + 30))
    await sealed.sweep(clock.now + 61)
    assert len(await sealed.find()) == 1


async def test_what_another_key_sealed_is_no_session(
    sealed: SealedSessions, tmp_path: Path, store: Store, clock: Clock
) -> None:
    first = opened(sealed, "a", clock.now)
    await sealed.write(first)
    other = SealedSessions(settings(tmp_path, "b"), "ti", clock=clock, store=store)
    with pytest.raises(StoreUnavailable, match="not started"):
        other.cipher()
    await other.start()
    with structlog.testing.capture_logs() as logs:
        assert await other.read(first.ticket) is None
    assert logs[0]["event"] == "a stored session cannot be opened"
    assert logs[0]["session"] == first.ticket.session_id


async def test_a_store_that_can_only_be_read_is_reported(sealed: SealedSessions, store: Store) -> None:
    assert await sealed.check() == ""
    assert await sealed.check() == ""  # the value of the check before is still there

    class OnlyRead:
        get = store.get

        async def put_value(self, _name: bytes, _value: bytes, *, until: float, now: float) -> bool:
            raise StoreUnavailable("READONLY")

    sealed.store = OnlyRead()  # type: ignore[assignment]
    assert await sealed.check() == "READONLY"
    sealed.store = store
