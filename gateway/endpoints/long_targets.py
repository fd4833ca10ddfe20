"""The addresses of pages that are too long to travel with a login: kept in the session store, sealed, within bounds."""

from __future__ import annotations

from collections.abc import Callable

from cachetools import TTLCache

from gateway.client_limits import client_of
from gateway.session.one_time import OneTimeStore
from gateway.session.ticket import is_ticket, new_ticket

_KIND = "target"
_MOST_BYTES = 8 * 2**20
# One network address may take this part of the room.
_SHARE = 8
# What each takes in the store besides the address itself.
_OVERHEAD = 2_048


class LongTargets:
    """Keeps targets for `seconds`: one process `most_bytes` of them, of which one client may take an eighth.

    `steady` is a clock in seconds that never goes back.
    """

    def __init__(
        self,
        store: OneTimeStore,
        seconds: float,
        *,
        steady: Callable[[], float],
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._store = store
        self._seconds = seconds
        self._most = most_bytes
        self._places: TTLCache[str, tuple[str, int]] = TTLCache(
            most_bytes // _OVERHEAD + 1, seconds, timer=steady
        )

    async def keep(self, target: str, *, client: str) -> str | None:
        """A name to find it by, 256 random bits; None where there is no room. Raises StoreUnavailable."""
        name, size = new_ticket(), len(target) + _OVERHEAD
        client = client_of(client)
        self._places.expire()
        taken = list(self._places.values())
        if (
            sum(each for _, each in taken) + size > self._most
            or sum(each for owner, each in taken if owner == client) + size > self._most // _SHARE
        ):
            return None
        self._places[name] = (client, size)
        await self._store.put(_KIND, name, target.encode("ascii"), seconds=self._seconds)
        return name

    async def find(self, name: str) -> str | None:
        """The target of this name, as long as it is kept. Raises StoreUnavailable."""
        kept = await self._store.get(_KIND, name) if is_ticket(name) else None
        return kept.decode("ascii") if kept is not None else None
