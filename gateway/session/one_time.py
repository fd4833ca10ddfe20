"""What must happen once across all processes: claims, tokens that were used, a form that waits for a login.

Names and contents are hashed or sealed like sessions: a stolen store reveals nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from gateway.session.store import Store
from gateway.session.ticket import SessionCipher


class OneTimeStore:
    """The one-time values of one environment, each of a `kind`. `clock` gives seconds since the epoch.

    `cipher` gives the cipher once the store is started. Every method raises StoreUnavailable when the store does not
    answer.
    """

    def __init__(
        self,
        store: Store,
        cipher: Callable[[], SessionCipher],
        clock: Callable[[], float],
        *,
        environment: str,
    ) -> None:
        self._environment = environment
        self._store = store
        self._cipher = cipher
        self._clock = clock

    async def claim(self, kind: str, value: str, *, seconds: float, by: bytes = b"1") -> bool:
        """Claim a value for this many seconds; False where somebody, in any process, has claimed it already."""
        now = self._clock()
        return await self._store.put_value(self._name(kind, value), by, until=now + seconds, now=now)

    async def claimed_by(self, kind: str, value: str) -> bytes | None:
        """Who has claimed the value; None where nobody has."""
        return await self._store.get_value(self._name(kind, value), now=self._clock())

    async def release(self, kind: str, value: str) -> None:
        """Give up the claim on a value, no matter who made it."""
        await self._store.take_value(self._name(kind, value), now=self._clock())

    async def put(self, kind: str, secret: str, content: bytes, *, seconds: float) -> bool:
        """Keep content that only `secret` (256 random bits, as a ticket) opens; False where there is one already."""
        now = self._clock()
        sealed = self._cipher().seal(self._cipher().ticket(secret), content, purpose=kind)
        return await self._store.put_value(self._name(kind, secret), sealed, until=now + seconds, now=now)

    async def replace(self, kind: str, secret: str, content: bytes, *, seconds: float) -> None:
        """Keep content in place of what there may be under this secret."""
        await self.take(kind, secret)
        await self.put(kind, secret, content, seconds=seconds)

    async def get(self, kind: str, secret: str) -> bytes | None:
        """The content under this secret, which stays."""
        return self._opened(
            kind, secret, await self._store.get_value(self._name(kind, secret), now=self._clock())
        )

    async def get_all(self, kind: str, secrets: Sequence[str]) -> list[bytes | None]:
        """The contents under these secrets, which stay; up to 1,000 are one question to the store."""
        names = [self._name(kind, secret) for secret in secrets]
        found = await self._store.get_values(names, now=self._clock())
        return [self._opened(kind, secret, sealed) for secret, sealed in zip(secrets, found, strict=True)]

    async def take(self, kind: str, secret: str) -> bytes | None:
        """The content under this secret, and remove it: only one caller gets it."""
        return self._opened(
            kind, secret, await self._store.take_value(self._name(kind, secret), now=self._clock())
        )

    def _opened(self, kind: str, secret: str, sealed: bytes | None) -> bytes | None:
        cipher = self._cipher()
        return cipher.open(cipher.ticket(secret), sealed, purpose=kind) if sealed is not None else None

    def _name(self, kind: str, value: str) -> bytes:
        # No key: every process finds it, whichever of the keys it uses. What is claimed cannot be guessed.
        named = "\0".join(("toegangspoort once", self._environment, kind, value))
        return hashlib.sha256(named.encode("utf-8", "replace")).digest()
