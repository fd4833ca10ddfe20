"""Token introspection: the provider says whether an opaque access token is valid for this API (RFC 7662)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httpx2
import structlog

from gateway.auth.client import Client
from gateway.auth.provider import Provider, as_object
from gateway.auth.settings import IntrospectionSettings
from gateway.auth.tokens import TokenRefused, excerpt, time_of
from gateway.client_limits import ClientLimits
from gateway.errors import ProviderUnavailable

log = structlog.get_logger()


class Introspection:
    """The introspection endpoint of one provider."""

    def __init__(self, settings: IntrospectionSettings, provider: Provider) -> None:
        self._settings = settings
        self._provider = provider
        self._audiences = frozenset(settings.audience or (settings.client_id,))
        # Any client can make the gateway ask.
        self._warnings = ClientLimits(1, 60.0, steady=time.monotonic)
        self.client = Client(provider, settings.client_id, settings.client_auth)

    def load(self) -> None:
        """Read the client's secret or key. Raises ValueError with a message for operators."""
        self.client.load()

    async def claims(self, token: str) -> Mapping[str, Any]:
        """The claims of the token.

        Raises TokenRefused where it is not active, from another issuer or for another audience, and ProviderUnavailable
        if the provider gives no usable answer.
        """
        endpoint = (await self._provider.metadata()).introspection_endpoint
        if endpoint is None:
            raise ProviderUnavailable("the provider states no introspection_endpoint")
        form = {"token": token, "token_type_hint": "access_token"}
        response = await self.client.post("introspection", endpoint, form, refuses=_is_inactive)
        found = as_object(response) if response.status_code == 200 else None
        if found is None:
            if response.status_code in (400, 401, 403) and not self._warnings.take(""):
                log.warning(
                    "the provider does not let the gateway ask about tokens", status=response.status_code
                )
            raise ProviderUnavailable(f"introspection answered {response.status_code}, or no JSON object")
        self._check(found)
        return found

    def _check(self, found: Mapping[str, Any]) -> None:
        settings = self._provider.settings
        if found.get("active") is not True:
            raise TokenRefused("not-active")
        if (issuer := found.get("iss", settings.issuer)) != settings.issuer:
            raise TokenRefused("issuer", f"issued by {excerpt(issuer)}, accepted: {settings.issuer}")
        if str(found.get("token_type", "bearer")).lower() != "bearer":
            raise TokenRefused("token-type", f"a token of type {excerpt(found['token_type'])}, not Bearer")
        self._check_audience(found)
        now = self._provider.clock()
        expires, begins = time_of(found.get("exp", now + 1.0)), time_of(found.get("nbf", 0))
        if expires is None or begins is None:
            raise TokenRefused("time-malformed", "exp or nbf is no time")
        if now >= expires:
            raise TokenRefused("expired", f"expired {now - expires:.0f} s ago")
        if now < begins - settings.leeway:
            raise TokenRefused("not-yet-valid", f"valid in {begins - now:.0f} s")

    def _check_audience(self, found: Mapping[str, Any]) -> None:
        stated = found.get("aud")
        if stated is None and not self._settings.require_audience:
            return
        audiences = stated if isinstance(stated, list) else [stated]
        if not any(isinstance(each, str) and each in self._audiences for each in audiences):
            named = f"for {excerpt(stated)}" if stated is not None else "the answer names no audience"
            raise TokenRefused("audience", f"{named}, accepted: {', '.join(sorted(self._audiences))}")


def _is_inactive(response: httpx2.Response) -> bool:
    found = as_object(response)
    return found is not None and found.get("active") is not True
