"""Sessions in the memory of one process, to try the gateway out and for tests. A restart logs everybody out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from gateway.session.store import StoredSession


class MemoryStore:
    """A store for one process."""

    def __init__(self) -> None:
        self._sessions: dict[bytes, StoredSession] = {}
        self._values: dict[bytes, tuple[bytes, float]] = {}
        self._entries: dict[tuple[str, str], tuple[bytes, float]] = {}

    async def start(self) -> None:
        """Nothing to open."""

    async def aclose(self) -> None:
        """Forget everything."""
        self._sessions.clear()
        self._values.clear()
        self._entries.clear()

    async def get(self, key: bytes) -> StoredSession | None:
        """See Store."""
        return self._sessions.get(key)

    async def put(self, stored: StoredSession) -> None:
        """See Store."""
        self._sessions[stored.key] = stored

    async def swap(self, key: bytes, stored: StoredSession) -> bool:
        """See Store."""
        if self._sessions.pop(key, None) is None:
            return False
        self._sessions[stored.key] = stored
        return True

    async def touch(self, key: bytes, seen_at: float) -> None:
        """See Store."""
        stored = self._sessions.get(key)
        if stored is not None and stored.seen_at < seen_at:
            self._sessions[key] = replace(stored, seen_at=seen_at)

    async def delete(self, key: bytes) -> bool:
        """See Store."""
        return self._sessions.pop(key, None) is not None

    async def ended(self, keys: Sequence[bytes]) -> None:
        """See Store."""

    async def find(
        self, *, subject: bytes | None = None, organisation: bytes | None = None, sid: bytes | None = None
    ) -> list[StoredSession]:
        """See Store."""
        found = [
            stored
            for stored in self._sessions.values()
            if subject in (None, stored.subject)
            and organisation in (None, stored.organisation)
            and sid in (None, stored.sid)
        ]
        return sorted(found, key=lambda stored: stored.created_at)

    async def sweep(self, *, expired_before: float, idle_before: float) -> int:
        """See Store."""
        gone = [
            stored.key
            for stored in self._sessions.values()
            if stored.expires_at < expired_before or stored.seen_at < idle_before
        ]
        for key in gone:
            del self._sessions[key]
        for name in [name for name, (_, until) in self._values.items() if until < expired_before]:
            del self._values[name]
        for entry in [entry for entry, (_, until) in self._entries.items() if until < expired_before]:
            del self._entries[entry]
        return len(gone)

    async def put_value(self, name: bytes, value: bytes, *, until: float, now: float) -> bool:
        """See Store."""
        if await self.get_value(name, now=now) is not None:
            return False
        self._values[name] = (value, until)
        return True

    async def get_value(self, name: bytes, *, now: float) -> bytes | None:
        """See Store."""
        value, until = self._values.get(name, (None, 0.0))
        return value if until > now else None

    async def get_values(self, names: Sequence[bytes], *, now: float) -> list[bytes | None]:
        """See Store."""
        return [await self.get_value(name, now=now) for name in names]

    async def take_value(self, name: bytes, *, now: float) -> bytes | None:
        """See Store."""
        value = await self.get_value(name, now=now)
        self._values.pop(name, None)
        return value

    async def entries(self, topic: str, *, now: float) -> dict[str, bytes]:
        """See Store."""
        return {
            name: value for (of, name), (value, until) in self._entries.items() if of == topic and until > now
        }

    async def put_entry(self, topic: str, name: str, value: bytes, *, until: float) -> None:
        """See Store."""
        self._entries[topic, name] = (value, until)

    async def swap_entry(self, topic: str, name: str, earlier: bytes | None, later: bytes) -> bool:
        """See Store."""
        if self._entries.get((topic, name), (None,))[0] != earlier:
            return False
        self._entries[topic, name] = (later, math.inf)
        return True

    async def time(self) -> float | None:
        """See Store."""
        return None

    async def replica(self) -> bool:
        """See Store."""
        return False

    async def drop_entry(self, topic: str, name: str) -> bool:
        """See Store."""
        return self._entries.pop((topic, name), None) is not None
