"""Makes the store that the settings name: the one address that knows all kinds."""

from __future__ import annotations

from collections.abc import Callable

from gateway.session.memory import MemoryStore
from gateway.session.redis import RedisStore
from gateway.session.settings import SessionSettings
from gateway.session.sqlite import SqliteStore
from gateway.session.store import Store


def open_store(
    settings: SessionSettings, *, environment: str, clock: Callable[[], float], make: bool = True
) -> Store:
    """The store that the settings name, not yet started. Without `make` a file of it must be there."""
    address = settings.store
    if address.path is not None:
        return SqliteStore(address.path, make=make)
    if address.url is not None:
        return RedisStore(
            address.url,
            environment=environment,
            clock=clock,
            password=settings.store_password.read if settings.store_password is not None else None,
            authority=settings.store_authority,
            timeout=settings.store_timeout,
        )
    return MemoryStore()
