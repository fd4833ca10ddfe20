"""What a session store must do. It gets sealed bytes under hashed keys, and can read neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredSession:
    """One session as a store keeps it.

    `key` is the SHA-256 of environment and ticket, `sealed` the encrypted session. `subject`, `organisation` and
    `sid` (the provider's own id of the session; empty where it gave none) are keyed hashes, to find sessions by.
    Times are in seconds since the epoch.
    """

    key: bytes
    sealed: bytes
    created_at: float
    seen_at: float
    expires_at: float
    subject: bytes
    organisation: bytes
    sid: bytes = b""


class Store(Protocol):
    """Every method raises StoreUnavailable when the store does not answer within its bound.

    Beside sessions a store keeps one-time values: small values that are valid until a moment, for what must happen
    once across all processes, and entries: lasting values by topic and name, which all processes read together. Topics
    that begin with / are common to all environments that use the store. `now` and `until` are in seconds since the epoch.
    """

    async def start(self) -> None:
        """Open the store; safe to call on one that other processes use."""

    async def aclose(self) -> None:
        """Close it; also after a start that failed."""

    async def get(self, key: bytes) -> StoredSession | None:
        """The session under this key."""

    async def put(self, stored: StoredSession) -> None:
        """Keep a session, in place of the one under the same key."""

    async def swap(self, key: bytes, stored: StoredSession) -> bool:
        """Replace the session under `key` in one step; False, and nothing is kept, where that one has ended."""

    async def touch(self, key: bytes, seen_at: float) -> None:
        """Remember that a session was used; a time older than the known one changes nothing."""

    async def delete(self, key: bytes) -> bool:
        """Forget a session; whether there was one."""

    async def ended(self, keys: Sequence[bytes]) -> None:
        """Remember sessions that another process ended: a store that comes back with an older state ends them again."""

    async def find(
        self, *, subject: bytes | None = None, organisation: bytes | None = None, sid: bytes | None = None
    ) -> list[StoredSession]:
        """The sessions that match everything given, oldest first; all sessions where nothing is given."""

    async def sweep(self, *, expired_before: float, idle_before: float) -> int:
        """Forget sessions that expired or were not used since, and values that expired; how many sessions."""

    async def put_value(self, name: bytes, value: bytes, *, until: float, now: float) -> bool:
        """Keep a value unless a valid one is there under this name; whether this call kept it (only one caller does)."""

    async def get_value(self, name: bytes, *, now: float) -> bytes | None:
        """The valid value under this name."""

    async def get_values(self, names: Sequence[bytes], *, now: float) -> list[bytes | None]:
        """The valid values under these names, in their order. Up to 1,000 names are one question to the store."""

    async def take_value(self, name: bytes, *, now: float) -> bytes | None:
        """The valid value under this name, and remove it: only one caller gets it."""

    async def entries(self, topic: str, *, now: float) -> dict[str, bytes]:
        """The valid entries of a topic, by name."""

    async def put_entry(self, topic: str, name: str, value: bytes, *, until: float) -> None:
        """Keep an entry until a moment (infinity: until it is dropped), in place of the one with this name."""

    async def swap_entry(self, topic: str, name: str, earlier: bytes | None, later: bytes) -> bool:
        """Replace a lasting entry in one step; False, and nothing changes, unless it is `earlier` (None: there is none)."""

    async def time(self) -> float | None:
        """The time of day by the store's own clock, in seconds since the epoch; None where it has none."""

    async def replica(self) -> bool:
        """Whether the store is a copy that follows another server, and may be behind it."""

    async def drop_entry(self, topic: str, name: str) -> bool:
        """Forget an entry; whether there was one."""
