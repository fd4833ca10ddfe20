"""Makes the store that the settings name: only this module knows all kinds."""

from __future__ import annotations

from collections.abc import Callable

from gateway.session.memory import MemoryStore
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
    server = settings.shared("")
    if server is not None:
        # The library is needed only where there is such a server, and takes long to import.
        from gateway.session.redis import RedisStore  # noqa: PLC0415

        return RedisStore(server, environment=environment, clock=clock, prove=make)
    return MemoryStore()
