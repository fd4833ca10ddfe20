"""Sessions in the memory of one process: for trying out and for tests. A restart logs everybody out."""

from __future__ import annotations

from dataclasses import replace

from gateway.session.store import StoredSession


class MemoryStore:
    """A store for one process."""

    def __init__(self) -> None:
        self._kept: dict[bytes, StoredSession] = {}
        self._notes: dict[bytes, tuple[bytes, float]] = {}

    async def start(self) -> None:
        """Nothing to open."""

    async def aclose(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._notes.clear()

    async def get(self, key: bytes) -> StoredSession | None:
        """See Store."""
        return self._kept.get(key)

    async def put(self, kept: StoredSession) -> None:
        """See Store."""
        self._kept[kept.key] = kept

    async def swap(self, key: bytes, kept: StoredSession) -> bool:
        """See Store."""
        if self._kept.pop(key, None) is None:
            return False
        self._kept[kept.key] = kept
        return True

    async def touch(self, key: bytes, seen_at: float) -> None:
        """See Store."""
        kept = self._kept.get(key)
        if kept is not None and kept.seen_at < seen_at:
            self._kept[key] = replace(kept, seen_at=seen_at)

    async def delete(self, key: bytes) -> bool:
        """See Store."""
        return self._kept.pop(key, None) is not None

    async def find(
        self, *, subject: bytes | None = None, organisation: bytes | None = None, sid: bytes | None = None
    ) -> list[StoredSession]:
        """See Store."""
        found = [
            kept
            for kept in self._kept.values()
            if subject in (None, kept.subject)
            and organisation in (None, kept.organisation)
            and sid in (None, kept.sid)
        ]
        return sorted(found, key=lambda kept: kept.created_at)

    async def sweep(self, *, expired_before: float, idle_before: float) -> int:
        """See Store."""
        gone = [
            kept.key
            for kept in self._kept.values()
            if kept.expires_at < expired_before or kept.seen_at < idle_before
        ]
        for key in gone:
            del self._kept[key]
        for name in [name for name, (_, until) in self._notes.items() if until < expired_before]:
            del self._notes[name]
        return len(gone)

    async def note(self, name: bytes, value: bytes, *, until: float, now: float) -> bool:
        """See Store."""
        if await self.noted(name, now=now) is not None:
            return False
        self._notes[name] = (value, until)
        return True

    async def noted(self, name: bytes, *, now: float) -> bytes | None:
        """See Store."""
        value, until = self._notes.get(name, (None, 0.0))
        return value if until > now else None

    async def take(self, name: bytes, *, now: float) -> bytes | None:
        """See Store."""
        value = await self.noted(name, now=now)
        self._notes.pop(name, None)
        return value
