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

from simulator.register.filters import Reach
from simulator.register.report import Submitter

HEADER = "x-toegangspoort-assertion"
_REFETCH_SECONDS = 2.0
_LEEWAY = 10


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, as the gateway swears it."""

    sub: str
    kind: str
    name: str
    organisation: str
    organisation_name: str
    doelgroep: str
    contexts: frozenset[str]

    @property
    def may_submit(self) -> bool:
        """A person by context; a machine client by the rule of the gateway that let it through."""
        return bool(self.organisation) and (
            self.kind == "machine" or "NonConformiteitenIndiener" in self.contexts
        )

    @property
    def may_read_all(self) -> bool:
        return "NonConformiteitenLezer" in self.contexts

    @property
    def may_read(self) -> bool:
        return self.may_submit or self.may_read_all

    @property
    def reach(self) -> Reach:
        """Whose reports: all for those who may read all, else of the own organisation alone."""
        return Reach(self.organisation, everything=self.may_read_all)

    @property
    def submitter(self) -> Submitter:
        return Submitter(self.organisation, self.organisation_name, self.doelgroep, self.sub)


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
        sub = str(claims["sub"])
        return Visitor(
            sub=sub,
            kind=str(claims.get("kind", "")),
            name=str(claims.get("name") or sub),
            organisation=code,
            organisation_name=str(organisation.get("name") or code),
            doelgroep=str(claims.get("doelgroep") or ""),
            contexts=contexts,
        )

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
