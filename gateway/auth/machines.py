"""Programs that come with a bearer token (RFC 6750): opaque and asked about, or signed and verified here.

It decides which program a token stands for and remembers that for a short time; it knows nothing of rules.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from cachetools import TLRUCache

from gateway.auth.claims import machine_from
from gateway.auth.introspection import Introspection
from gateway.auth.provider import Issuer, Provider
from gateway.auth.settings import MachineSettings, TokenIssuerSettings
from gateway.auth.tokens import AccessToken, TokenRefused, claimed_issuer
from gateway.errors import BadRequest, BearerRefused
from gateway.events import OnEvent, ignore
from gateway.model import Identity
from gateway.single_flight import SingleFlight

log = structlog.get_logger()
_TOKEN = re.compile(rb"[A-Za-z0-9._~+/-]+=*")
_LONGEST = 16_384
_MOST_AT_ONCE = 32


def bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The bearer token of a request; None where it has none. Raises BadRequest for one that cannot be a token."""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            if scheme.lower() != b"bearer":
                return None
            token = token.strip(b" ")
            if len(token) > _LONGEST or not _TOKEN.fullmatch(token):
                raise BadRequest("what follows Bearer is no token (RFC 6750 2.1)", code="bearer-malformed")
            return token.decode("ascii")
    return None


@dataclass(frozen=True, slots=True)
class _Judged:
    """What became of a token, and until when that is remembered."""

    identity: Identity | None
    until: float


class Machines:
    """The programs of one environment. What is remembered belongs to one token, under the settings given here."""

    def __init__(
        self,
        settings: MachineSettings,
        provider: Provider,
        *,
        clock: Callable[[], float],
        on_event: OnEvent = ignore,
    ) -> None:
        self.settings = settings
        self._provider = provider
        self._clock = clock
        asked = settings.introspection
        self._introspection = Introspection(asked, provider) if asked is not None else None
        self._issuers = {
            each.issuer: (each, Issuer(each, clock=clock, on_event=on_event)) for each in settings.issuers
        }
        self._judged: TLRUCache[bytes, _Judged] = TLRUCache(
            settings.cache_size, lambda _key, judged, _now: judged.until, timer=clock
        )
        self._judging = SingleFlight[bytes, _Judged]()
        self._turns = asyncio.Semaphore(_MOST_AT_ONCE)

    async def start(self) -> None:
        """Read the keys. Raises ValueError with words for an operator."""
        if self._introspection is not None:
            self._introspection.load()
        for _, issuer in self._issuers.values():
            await issuer.start()

    async def aclose(self) -> None:
        """Close all connections to issuers, and forget what was judged."""
        await self._judging.cancel()
        for _, issuer in self._issuers.values():
            await issuer.aclose()
        self._judged.clear()

    async def identity(self, token: str) -> Identity:
        """Which program a token stands for.

        Raises BearerRefused where it stands for none, ProviderUnavailable where nobody can tell.
        """
        key = hashlib.sha256(token.encode("ascii")).digest()
        judged = self._judged.get(key)
        if judged is None:
            # Many requests of one program begin at once: one of them asks, the others wait for its answer.
            judged = await self._judging.run(key, lambda: self._judge(key, token))
        if judged.identity is None:
            raise BearerRefused("the token proves nothing here")
        return judged.identity

    async def _judge(self, key: bytes, token: str) -> _Judged:
        known = self._issuers.get(claimed_issuer(token) or "")
        async with self._turns:
            judged = await (self._verified(token, *known) if known is not None else self._asked(token))
        self._judged[key] = judged
        return judged

    async def _verified(self, token: str, settings: TokenIssuerSettings, issuer: Issuer) -> _Judged:
        expected = AccessToken(
            issuer=settings.issuer,
            audience=settings.audience,
            algorithms=settings.algorithms,
            leeway=settings.leeway,
        )
        try:
            claims = await issuer.verified(token, expected)
        except TokenRefused as refusal:
            # Not remembered: it costs nothing to find out again, and what is not yet valid will be.
            log.info("bearer token refused", reason=refusal.reason, issuer=settings.issuer)
            return _Judged(None, self._clock())
        return self._stands_for(claims, settings.issuer, settings.cache)

    async def _asked(self, token: str) -> _Judged:
        settings = self.settings.introspection
        if self._introspection is None or settings is None:
            log.info("bearer token refused", reason="issuer-unknown")
            return _Judged(None, self._clock())
        claims = await self._introspection.claims(token)
        if claims is None:
            log.info("bearer token refused", reason="not-active")
            return _Judged(None, self._clock() + settings.negative_cache)
        return self._stands_for(claims, self._provider.settings.issuer, settings.cache)

    def _stands_for(self, claims: Mapping[str, Any], issuer: str, cache: float) -> _Judged:
        now = self._clock()
        try:
            identity = machine_from(claims, self.settings, issuer=issuer, now=now)
        except ValueError as problem:
            log.info("bearer token refused", reason=str(problem))
            return _Judged(None, now)
        return _Judged(identity, min(now + cache, float(claims.get("exp", now + cache))))
