"""Checks the signed assertion that the gateway sends along: the only thing that the register believes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

HEADER = "x-toegangspoort-assertion"
_REFETCH_SECONDS = 2.0
_LEEWAY = 10


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, as the gateway swears it."""

    sub: str
    name: str
    organisation: str
    organisation_name: str
    contexts: frozenset[str]

    @property
    def may_submit(self) -> bool:
        return "NonConformiteitenIndiener" in self.contexts

    @property
    def may_read_all(self) -> bool:
        return "NonConformiteitenLezer" in self.contexts


class Assertions:
    """Believes one gateway in one environment."""

    def __init__(
        self, *, gateway_url: str, audience: str, environment: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._gateway_url = gateway_url
        self._registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            now=lambda: int(clock()),
            iss={"essential": True, "value": gateway_url},
            aud={"essential": True, "value": audience},
            env={"essential": True, "value": environment},
            exp={"essential": True},
            sub={"essential": True},
        )
        self._keys: KeySet | None = None
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def visitor(self, assertion: str | None) -> Visitor | None:
        """Who asks; None where nothing is proven."""
        if not assertion:
            return None
        claims = await self._verified(assertion)
        if claims is None:
            return None
        organisation = claims.get("organisation") or {}
        code = str(organisation.get("code", ""))
        contexts = frozenset(
            role.partition("-")[2]
            for role, _, held_for in (str(right).rpartition(":") for right in claims.get("rights", []))
            if held_for == code and role.startswith("OVAMGebruiker-")
        )
        name = str(claims.get("name") or claims["sub"])
        return Visitor(str(claims["sub"]), name, code, str(organisation.get("name") or code), contexts)

    async def _verified(self, assertion: str) -> dict[str, Any] | None:
        for attempt in range(2):
            keys = await self._known_keys(again=attempt > 0)
            if keys is None:
                return None
            try:
                token = jwt.decode(assertion, keys, algorithms=["ES256", "RS256"])
                self._registry.validate(token.claims)
            except ValueError:
                continue  # an unknown key id: look once more
            except JoseError:
                if attempt:
                    return None
                continue
            return dict(token.claims)
        return None

    async def _known_keys(self, *, again: bool) -> KeySet | None:
        async with self._fetching:
            now = time.monotonic()
            if (self._keys is None or again) and now - self._fetched_at > _REFETCH_SECONDS:
                self._fetched_at = now
                try:
                    async with httpx2.AsyncClient(timeout=2.0, trust_env=False) as client:
                        answer = await client.get(f"{self._gateway_url}/.well-known/jwks.json")
                        self._keys = KeySet.import_key_set(answer.raise_for_status().json())
                except (httpx2.HTTPError, ValueError, JoseError):
                    return self._keys
            return self._keys
