"""What must happen once in all processes together: claims, tokens that were used, a form that waits.

Names and contents of notes are hashed or sealed like sessions: a stolen store tells nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from gateway.session.store import Store
from gateway.session.ticket import SessionCipher


class OneTimeStore:
    """The notes of one environment. Every method raises StoreUnavailable when the store does not answer."""

    def __init__(self, store: Store, seals: Callable[[], SessionCipher], clock: Callable[[], float]) -> None:
        self._store = store
        self._seals = seals
        self._clock = clock

    async def once(self, kind: str, value: str, *, seconds: float, mark: bytes = b"1") -> bool:
        """Whether this is the first time in so many seconds, in all processes, that this value is named."""
        now = self._clock()
        return await self._store.note(self._name(kind, value), mark, until=now + seconds, now=now)

    async def marked(self, kind: str, value: str) -> bytes | None:
        """The mark under which the value was named, while that holds."""
        return await self._store.noted(self._name(kind, value), now=self._clock())

    async def clear(self, kind: str, value: str) -> None:
        """Let the value count as never named."""
        await self._store.take(self._name(kind, value), now=self._clock())

    async def hold(self, kind: str, secret: str, content: bytes, *, seconds: float) -> bool:
        """Keep a content that only `secret` (256 random bits, as a ticket) opens; False where it was kept already."""
        now = self._clock()
        sealed = self._seals().seal(secret, content, purpose=kind)
        return await self._store.note(self._name(kind, secret), sealed, until=now + seconds, now=now)

    async def held(self, kind: str, secret: str, *, take: bool = False) -> bytes | None:
        """The content that was kept; with `take` for the one and only time."""
        name = self._name(kind, secret)
        now = self._clock()
        sealed = await (self._store.take(name, now=now) if take else self._store.noted(name, now=now))
        return self._seals().open(secret, sealed, purpose=kind) if sealed is not None else None

    def _name(self, kind: str, value: str) -> bytes:
        return hashlib.sha256(kind.encode() + b"\0" + self._seals().index(kind, value)).digest()
