"""What a session store must do. It sees sealed bytes under hashed keys and can read neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Kept:
    """One session as a store keeps it.

    `key` is the SHA-256 of environment and ticket, `sealed` the encrypted session; `subject` and `organisation`
    are keyed hashes, to find all sessions of one. Times are in seconds since the epoch.
    """

    key: bytes
    sealed: bytes
    created_at: float
    seen_at: float
    expires_at: float
    subject: bytes
    organisation: bytes


class Store(Protocol):
    """Every method raises StoreUnavailable when the store does not answer."""

    async def start(self) -> None:
        """Open the store; safe to call on one that other processes use."""

    async def aclose(self) -> None:
        """Close it; also after a start that failed."""

    async def get(self, key: bytes) -> Kept | None:
        """The session under this key."""

    async def put(self, kept: Kept) -> None:
        """Keep a session, in place of the one under the same key."""

    async def touch(self, key: bytes, seen_at: float) -> None:
        """Remember that a session was used; an older time than the known one changes nothing."""

    async def delete(self, key: bytes) -> bool:
        """Forget a session; whether there was one."""

    async def find(self, *, subject: bytes | None = None, organisation: bytes | None = None) -> list[Kept]:
        """The sessions of one subject or organisation, oldest first; all where neither is given."""

    async def sweep(self, *, expired_before: float, idle_before: float) -> int:
        """Forget what expired or was not used since; how many that were."""
