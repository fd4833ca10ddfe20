"""What a session store must do. It sees sealed bytes under hashed keys and can read neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredSession:
    """One session as a store keeps it.

    `key` is the SHA-256 of environment and ticket, `sealed` the encrypted session; `subject`, `organisation` and
    `sid` (the provider's own name for the session; empty where it gave none) are keyed hashes, to find sessions by.
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

    Beside sessions a store keeps notes: small values that hold until a moment, for what must happen once in all
    processes together. `now` and `until` are in seconds since the epoch.
    """

    async def start(self) -> None:
        """Open the store; safe to call on one that other processes use."""

    async def aclose(self) -> None:
        """Close it; also after a start that failed."""

    async def get(self, key: bytes) -> StoredSession | None:
        """The session under this key."""

    async def put(self, kept: StoredSession) -> None:
        """Keep a session, in place of the one under the same key."""

    async def swap(self, key: bytes, kept: StoredSession) -> bool:
        """Keep a session in place of the one under `key`, in one step; False, and nothing, where that has ended."""

    async def touch(self, key: bytes, seen_at: float) -> None:
        """Remember that a session was used; an older time than the known one changes nothing."""

    async def delete(self, key: bytes) -> bool:
        """Forget a session; whether there was one."""

    async def find(
        self, *, subject: bytes | None = None, organisation: bytes | None = None, sid: bytes | None = None
    ) -> list[StoredSession]:
        """The sessions to which all that is given applies, oldest first; all sessions where nothing is."""

    async def sweep(self, *, expired_before: float, idle_before: float) -> int:
        """Forget sessions that expired or were not used since, and notes that expired; how many sessions."""

    async def note(self, name: bytes, value: bytes, *, until: float, now: float) -> bool:
        """Keep a note where none holds under this name; whether this call was the one that did it."""

    async def noted(self, name: bytes, *, now: float) -> bytes | None:
        """The note that holds under this name."""

    async def take(self, name: bytes, *, now: float) -> bytes | None:
        """The note that holds under this name, which is gone then: only one caller gets it."""
