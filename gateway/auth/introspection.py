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
from gateway.auth.tokens import time_of
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
        self._client = Client(provider, settings.client_id, settings.client_auth)

    def load(self) -> None:
        """Read the client's secret or key. Raises ValueError with a message for operators."""
        self._client.load()

    async def claims(self, token: str) -> Mapping[str, Any] | None:
        """The claims of the token; None if it is not active, from another issuer or for another audience.

        Raises ProviderUnavailable if the provider gives no usable answer.
        """
        endpoint = (await self._provider.metadata()).introspection_endpoint
        if endpoint is None:
            raise ProviderUnavailable("the provider states no introspection_endpoint")
        form = {"token": token, "token_type_hint": "access_token"}
        answer = await self._client.post("introspection", endpoint, form, refuses=_is_inactive)
        found = as_object(answer) if answer.status_code == 200 else None
        if found is None:
            if answer.status_code in (400, 401, 403) and not self._warnings.take(""):
                log.warning(
                    "the provider does not let the gateway ask about tokens", status=answer.status_code
                )
            raise ProviderUnavailable(f"introspection answered {answer.status_code}, or no JSON object")
        return found if self._is_valid(found) else None

    def _is_valid(self, found: Mapping[str, Any]) -> bool:
        if found.get("active") is not True:
            return False
        if found.get("iss", self._provider.settings.issuer) != self._provider.settings.issuer:
            return False
        if str(found.get("token_type", "bearer")).lower() != "bearer":
            return False
        stated = found.get("aud")
        audiences = stated if isinstance(stated, list) else [stated]
        if not any(isinstance(each, str) and each in self._audiences for each in audiences):
            return False
        now = self._provider.clock()
        expires, begins = time_of(found.get("exp", now + 1.0)), time_of(found.get("nbf", 0))
        if expires is None or begins is None:
            return False
        return bool(begins - self._provider.settings.leeway <= now < expires)


def _is_inactive(answer: httpx2.Response) -> bool:
    found = as_object(answer)
    return found is not None and found.get("active") is not True
