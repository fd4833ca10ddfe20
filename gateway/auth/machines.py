"""Machine clients with a bearer token (RFC 6750): opaque tokens are introspected, signed ones verified here."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from cachetools import LRUCache, TLRUCache, TTLCache

from gateway.auth.claims import machine_from
from gateway.auth.client import Client
from gateway.auth.introspection import Introspection
from gateway.auth.provider import Issuer, Provider
from gateway.auth.settings import IntrospectionSettings, MachineSettings, TokenIssuerSettings
from gateway.auth.tokens import AccessToken, TokenRefused, claimed_issuer, excerpt
from gateway.caching.single_flight import SingleFlight
from gateway.client_limits import ClientLimits
from gateway.errors import BadRequest, BearerRefused, ClientLimited, Overloaded
from gateway.events import OnEvent, TokenJudged, ignore
from gateway.http_semantics import HeaderLine
from gateway.model import Identity
from gateway.outgoing.egress import DIRECT, Egress

log = structlog.get_logger()
_TOKEN = re.compile(rb"[A-Za-z0-9._~+/-]+=*")
_LONGEST = 16_384
_MOST_WAITING = 4


def has_bearer(headers: Iterable[HeaderLine]) -> bool:
    """Whether a request has something that says to be a bearer token."""
    return any(name == b"authorization" and value[:7].lower() == b"bearer " for name, value in headers)


def bearer_token(headers: Iterable[HeaderLine]) -> str | None:
    """The bearer token of a request; None if it has none. Raises BadRequest if it is malformed."""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            if scheme.lower() != b"bearer":
                return None
            token = token.strip(b" ")
            if len(token) > _LONGEST or not _TOKEN.fullmatch(token):
                raise BadRequest(
                    "the text after Bearer is not a token (RFC 6750 2.1)", code="bearer-malformed"
                )
            return token.decode("ascii")
    return None


class _Turns:
    """At most `most` questions at once; four times as many wait. More raise Overloaded."""

    def __init__(self, most: int) -> None:
        self._turns = asyncio.Semaphore(most)
        self._room = most * (1 + _MOST_WAITING)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it while the block runs."""
        if self._room == 0:
            raise Overloaded("too many access tokens to ask the provider about")
        self._room -= 1
        try:
            async with self._turns:
                yield
        finally:
            self._room += 1


@dataclass(frozen=True, slots=True)
class _Valid:
    """The identity of a valid token, which expires at `expires_at` (epoch seconds), cached until `until` (steady)."""

    identity: Identity
    expires_at: float
    until: float


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why a token proves nothing: a stable code, and words for operators."""

    reason: str
    detail: str


_Verdict = _Valid | _Refused


class Machines:
    """The machine clients of one environment. Verdicts on tokens are cached for as long as the settings say.

    `clock` is the time of day, which tokens are judged by; `steady` never goes back and counts how long they are cached.
    """

    def __init__(
        self,
        settings: MachineSettings,
        provider: Provider,
        *,
        clock: Callable[[], float],
        steady: Callable[[], float] = time.monotonic,
        on_event: OnEvent = ignore,
        egress: Egress = DIRECT,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._steady = steady
        self._issuers = {
            each.issuer: (each, Issuer(each, clock=clock, steady=steady, on_event=on_event, egress=egress))
            for each in settings.issuers
        }
        self._valid: TLRUCache[bytes, _Valid] = TLRUCache(
            settings.cache_size, lambda _key, valid, _now: valid.until, timer=steady
        )
        asked = settings.introspection
        self._opaque = (
            _OpaqueTokens(asked, provider, steady, settings.cache_size) if asked is not None else None
        )
        self._judging = SingleFlight[bytes, _Verdict]()
        self._on_event = on_event

    @property
    def client(self) -> Client | None:
        """The gateway as the client that asks about opaque tokens, where it does."""
        return self._opaque.introspection.client if self._opaque is not None else None

    async def start(self) -> None:
        """Read the keys. Raises ValueError with a message for operators."""
        if self._opaque is not None:
            await asyncio.to_thread(self._opaque.introspection.load)
        for _, issuer in self._issuers.values():
            await issuer.start()

    async def aclose(self) -> None:
        """Close all connections to issuers, and forget what was judged."""
        await self._judging.cancel()
        for _, issuer in self._issuers.values():
            await issuer.aclose()
        self._valid.clear()

    async def identity(self, token: str, client: str) -> Identity:
        """The machine client that a token belongs to; `client` is the network address that sent it.

        Raises BearerRefused for a token that is not valid, ProviderUnavailable if that cannot be found out,
        ClientLimited and Overloaded if the provider is not asked because of that many tokens that are not valid.
        """
        key = hashlib.sha256(token.encode("ascii")).digest()
        valid = self._valid.get(key)
        if valid is not None and valid.expires_at > self._clock():
            return valid.identity
        # Many requests of one program begin at once: one of them asks, the others wait for its answer.
        found = await self._judging.run(key, lambda: self._judge(key, token, client))
        if isinstance(found, _Refused):
            log.info("bearer token refused", reason=found.reason, detail=found.detail)
            raise BearerRefused(found.detail, reason=found.reason)
        return found.identity

    async def _judge(self, key: bytes, token: str, client: str) -> _Verdict:
        issuer = claimed_issuer(token)
        known = self._issuers.get(issuer or "")
        found: _Verdict
        if known is not None:
            found = await self._verified(token, *known)
        elif self._opaque is not None:
            found = await self._opaque.judge(key, token, client, self._read)
        elif issuer is None:
            found = _Refused(
                "malformed", "the token is no signed JWT, and `machines.introspection` is not set"
            )
        else:
            found = _Refused("issuer-unknown", f"issued by {excerpt(issuer)}, which `machines.issuers` lacks")
        if isinstance(found, _Valid):
            self._valid[key] = found
        self._on_event(TokenJudged(isinstance(found, _Valid)))
        return found

    async def _verified(self, token: str, settings: TokenIssuerSettings, issuer: Issuer) -> _Verdict:
        expected = AccessToken(
            issuer=settings.issuer,
            audience=settings.audience,
            algorithms=settings.algorithms,
            leeway=settings.leeway,
        )
        try:
            claims = await issuer.verified(token, expected)
        except TokenRefused as refusal:
            # Not cached: verifying again costs no request, and a token that is not yet valid will be.
            return _Refused(refusal.reason, f"{settings.issuer}: {refusal.detail}")
        return self._read(claims, settings.issuer, settings.cache)

    def _read(self, claims: Mapping[str, Any], issuer: str, cache: float) -> _Verdict:
        now = self._clock()
        try:
            identity = machine_from(claims, self.settings, issuer=issuer, now=now)
        except ValueError as problem:
            return _Refused("claims", str(problem))
        expires_at = float(claims.get("exp", now + cache))
        return _Valid(identity, expires_at, self._steady() + min(cache, expires_at - now))


_Read = Callable[[Mapping[str, Any], str, float], _Verdict]


class _OpaqueTokens:
    """Asks the provider about tokens, within bounds: strangers must not make it ask for each of their requests.

    Tokens that were valid before have turns of their own and no limit, so that strangers cannot keep them waiting.
    """

    def __init__(
        self, settings: IntrospectionSettings, provider: Provider, steady: Callable[[], float], size: int
    ) -> None:
        self.introspection = Introspection(settings, provider)
        self._settings = settings
        self._issuer = provider.settings.issuer
        limit = settings.refused_limit
        self._limits = ClientLimits(limit.burst, limit.every, steady=steady)
        self._refused: TTLCache[bytes, _Refused] = TTLCache(size, settings.negative_cache, timer=steady)
        self._proved: LRUCache[bytes, bool] = LRUCache(size)
        self._turns = {proved: _Turns(settings.max_concurrency) for proved in (True, False)}

    async def judge(self, key: bytes, token: str, client: str, read: _Read) -> _Verdict:
        """The verdict on a token with this hash. Raises ProviderUnavailable, ClientLimited, Overloaded."""
        if (refused := self._refused.get(key)) is not None:
            return refused
        proved = key in self._proved
        wait = 0.0 if proved else self._limits.take(client)
        if wait:
            raise ClientLimited("tokens", wait)
        try:
            async with self._turns[proved].turn():
                claims = await self.introspection.claims(token)
            found: _Verdict = read(claims, self._issuer, self._settings.cache)
        except TokenRefused as refusal:
            found = _Refused(refusal.reason, refusal.detail)
        except Overloaded:
            if not proved:
                self._limits.give_back(client)
            raise
        if isinstance(found, _Refused):
            self._proved.pop(key, None)
            self._refused[key] = found
            return found
        if not proved:
            self._limits.give_back(client)
            self._proved[key] = True
        return found
