"""The requests of an OAuth client to the provider: the authorization request and the grants for tokens (RFC 6749)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from gateway.auth.client import Client
from gateway.auth.provider import Metadata, Provider, as_object
from gateway.auth.settings import ClientSecret
from gateway.errors import LoginFailed, ProviderUnavailable
from gateway.model import NOTHING

# ACM answers invalid_request once a login can no longer be refreshed; others answer invalid_grant.
_REFRESH_OVER = ("invalid_request", "invalid_grant")


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """What a grant gives (RFC 6749 5.1, OIDC Core 3.1.3.3); nothing of it is verified yet.

    `expires_at` is when the access token expires, in seconds since the epoch; None where the provider does not say.
    """

    access_token: str
    id_token: str | None
    refresh_token: str | None
    expires_at: float | None

    @classmethod
    def read(cls, content: Mapping[str, Any], now: float) -> Self:
        """The response in a JSON object. Raises LoginFailed if it has no access token or is not for Bearer use."""
        access_token = text_of(content, "access_token")
        if access_token is None:
            raise LoginFailed("token-answer-malformed", "no access_token in the answer")
        if not (access_token.isascii() and access_token.isprintable()):
            # It goes into a header as it is (RFC 6749 A.12).
            raise LoginFailed("token-answer-malformed", "characters in access_token that cannot stand there")
        if str(content.get("token_type", "")).lower() != "bearer":
            raise LoginFailed("token-answer-malformed", "the token type is not Bearer")
        return cls(
            access_token,
            text_of(content, "id_token"),
            text_of(content, "refresh_token"),
            _expiry(content.get("expires_in"), now),
        )


class Grants:
    """Authorization requests, codes and refresh tokens of one client; `redirect_uri` is as registered."""

    def __init__(self, provider: Provider, redirect_uri: str) -> None:
        self._provider = provider
        self._redirect_uri = redirect_uri
        settings = provider.settings
        self.client = Client(provider, settings.client_id, settings.client_auth)

    def load(self) -> None:
        """Read the client's secret or key. Raises ValueError with a message for operators."""
        self.client.load()

    async def authorization_url(
        self,
        metadata: Metadata,
        *,
        state: str,
        nonce: str,
        verifier: str,
        extra: Mapping[str, str] = NOTHING,
    ) -> str:
        """Where the browser goes to log in (OIDC Core 3.1.2.1, PKCE S256).

        The request is pushed to the provider first where that is configured (RFC 9126). Raises LoginFailed if the
        provider refuses it, ProviderUnavailable.
        """
        parameters = {"state": state, "nonce": nonce, "code_verifier": verifier}
        more = f"&{urlencode(extra)}" if extra else ""
        if not self._provider.settings.pushed_authorization:
            return self._address(metadata.authorization_endpoint, parameters) + more
        pushed = dict(parse_qsl(urlsplit(self._address("", parameters) + more).query))
        reference = await self._push(metadata, pushed)
        mark = "&" if "?" in metadata.authorization_endpoint else "?"
        query = urlencode({"client_id": self._provider.settings.client_id, "request_uri": reference})
        return f"{metadata.authorization_endpoint}{mark}{query}"

    async def redeem_code(self, metadata: Metadata, *, code: str, verifier: str) -> TokenResponse:
        """Tokens for an authorization code (RFC 6749 4.1.3). Raises LoginFailed, ProviderUnavailable."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        status, content = await self._request_tokens(metadata, form)
        if status >= 500:
            raise ProviderUnavailable(f"token endpoint: {status}")
        if content is None:
            raise LoginFailed("token-answer-malformed", "token endpoint: not a JSON object")
        if "error" in content:
            # An operator has to mend a refused client; a person can log in again after a refused code.
            reason = "client-refused" if content["error"] == "invalid_client" else "code-refused"
            raise LoginFailed(reason, f"token endpoint: {str(content['error'])[:60]}")
        return TokenResponse.read(content, self._provider.clock())

    async def refresh(self, metadata: Metadata, refresh_token: str) -> TokenResponse | None:
        """Tokens for a refresh token (RFC 6749 6); None where it is no longer valid.

        Raises LoginFailed for a response without tokens, ProviderUnavailable.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        status, content = await self._request_tokens(metadata, form)
        if status == 200:
            return TokenResponse.read(content or {}, self._provider.clock())
        error = content.get("error") if content is not None else None
        if status == 400 and error in _REFRESH_OVER:
            return None
        raise ProviderUnavailable(f"refresh: {status} {str(error)[:60]}")

    async def _request_tokens(
        self, metadata: Metadata, form: dict[str, str]
    ) -> tuple[int, dict[str, Any] | None]:
        response = await self.client.post("token", metadata.token_endpoint, form)
        return response.status_code, as_object(response)

    def _address(self, endpoint: str, parameters: dict[str, str]) -> str:
        return self.client.address(
            endpoint,
            parameters,
            scope=" ".join(self._provider.settings.scopes),
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
        )

    async def _push(self, metadata: Metadata, parameters: dict[str, str]) -> str:
        endpoint = metadata.pushed_authorization_request_endpoint
        if endpoint is None:
            raise ProviderUnavailable("the provider states no pushed_authorization_request_endpoint")
        auth = self._provider.settings.client_auth
        if isinstance(auth, ClientSecret) and auth.method == "client_secret_post":
            del parameters["client_id"]  # client authentication adds it, and a parameter may stand only once
        response = await self.client.post("par", endpoint, parameters)
        content = as_object(response) or {}
        if response.status_code >= 500:
            raise ProviderUnavailable(f"pushed authorization request: {response.status_code}")
        reference = content.get("request_uri")
        if response.status_code not in (200, 201) or not isinstance(reference, str) or not reference:
            error = str(content.get("error", response.status_code))[:60]
            raise LoginFailed("provider-refused", f"pushed authorization request: {error}")
        return reference


def text_of(content: Mapping[str, Any], name: str) -> str | None:
    """The text under this name; None if it is absent, empty or not a text."""
    value = content.get(name)
    return value if isinstance(value, str) and value else None


def _expiry(seconds: Any, now: float) -> float | None:
    """When an access token expires: at once where `expires_in` makes no sense."""
    if seconds is None:
        return None
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) < 10:
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < 1e9:
        return now
    return now + float(seconds)
