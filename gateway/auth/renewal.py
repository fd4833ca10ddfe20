"""Asks the provider again what somebody may do, with the refresh token of their login (OIDC Core 12, RFC 6749 6).

It decides whether the answer is about the same person; when to ask is not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from gateway.auth.claims import identity_from
from gateway.auth.client import Client
from gateway.auth.exchange import expiry, text_of
from gateway.auth.provider import Metadata, Provider, as_object
from gateway.auth.settings import ClaimSettings, RightsSettings
from gateway.auth.tokens import IdToken, TokenRefused
from gateway.auth.userinfo import with_userinfo
from gateway.errors import LoginFailed, ProviderUnavailable
from gateway.model import Identity, Tokens

log = structlog.get_logger()
# ACM answers invalid_request when the time in which a login can be renewed is over; others say invalid_grant.
_OVER = ("invalid_request", "invalid_grant")


class Renewal:
    """Renewals at one provider."""

    def __init__(
        self,
        provider: Provider,
        claims: ClaimSettings,
        rights: RightsSettings,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._provider = provider
        self._claims = claims
        self._rights = rights
        self._clock = clock
        settings = provider.settings
        self._client = Client(provider, settings.client_id, settings.client_auth)

    async def start(self) -> None:
        """Read the client's secret or key. Raises ValueError with words for an operator."""
        self._client.load()

    async def aclose(self) -> None:
        """Nothing to close."""

    async def renew(self, identity: Identity, tokens: Tokens) -> tuple[Identity, Tokens] | None:
        """Who somebody is by now and the tokens from now on; None where only a new login can tell.

        Raises ProviderUnavailable where the provider does not answer, or does not do so as agreed.
        """
        if tokens.refresh_token is None:
            return None
        metadata = await self._provider.metadata()
        answer = await self._ask(metadata, tokens.refresh_token)
        if answer is None:
            return None
        try:
            return await self._judge(metadata, answer, identity, tokens)
        except (LoginFailed, TokenRefused) as refusal:
            log.warning("the answer to a refresh proves nothing", reason=refusal.reason)
            return None

    async def _ask(self, metadata: Metadata, refresh_token: str) -> dict[str, Any] | None:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        answer = await self._client.post("token", metadata.token_endpoint, form)
        content = as_object(answer)
        if answer.status_code == 200:
            return content if content is not None else {}
        error = content.get("error") if content is not None else None
        if answer.status_code == 400 and error in _OVER:
            return None
        raise ProviderUnavailable(f"refresh: {answer.status_code} {str(error)[:60]}")

    async def _judge(
        self, metadata: Metadata, answer: Mapping[str, Any], identity: Identity, tokens: Tokens
    ) -> tuple[Identity, Tokens]:
        access_token, id_token = text_of(answer, "access_token"), text_of(answer, "id_token")
        if access_token is None or str(answer.get("token_type", "")).lower() != "bearer":
            raise LoginFailed("token-answer-malformed")
        settings = self._provider.settings
        claims: Mapping[str, Any] = {"iss": settings.issuer, "sub": identity.subject}
        if id_token is not None:
            expected = IdToken(
                issuer=settings.issuer,
                audience=settings.client_id,
                algorithms=settings.algorithms,
                leeway=settings.leeway,
                nonce=None,
                access_token=access_token,
            )
            claims = await self._provider.verified(id_token, expected)
            if claims["sub"] != identity.subject:
                raise LoginFailed("id-token-subject")
        if settings.userinfo or id_token is None:
            claims = await with_userinfo(claims, self._provider, metadata, access_token)
        now = self._clock()
        found = identity_from(claims, self._claims, self._rights, now=now)
        if found.faults and found.faults != identity.faults:
            unread = [f"{each.claim}: {each.fault}" for each in found.faults]
            log.warning("claims could not be read", unread=unread)
        renewed = Tokens(
            access_token=access_token,
            refresh_token=text_of(answer, "refresh_token") or tokens.refresh_token,
            id_token=id_token or tokens.id_token,
            expires_at=expiry(answer.get("expires_in"), now),
            sid=text_of(claims, "sid") or tokens.sid,
        )
        # A renewal is no new login: when and how somebody proved who they are stays as it was.
        return (
            replace(found, authenticated_at=identity.authenticated_at, acr=found.acr or identity.acr),
            renewed,
        )
