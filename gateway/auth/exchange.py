"""The two calls of a login to the provider: the authorization request, pushed or not, and a code for tokens.

What the tokens prove is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.integrations.base_client.errors import OAuthError

from gateway.auth.client import Client
from gateway.auth.provider import Metadata, Provider, as_object
from gateway.auth.settings import ClientSecret
from gateway.errors import LoginFailed, ProviderUnavailable


class Exchange:
    """Authorization requests and code exchanges of one environment; `redirect_uri` is as registered."""

    def __init__(self, provider: Provider, redirect_uri: str) -> None:
        self._provider = provider
        self._redirect_uri = redirect_uri
        settings = provider.settings
        self._client = Client(provider, settings.client_id, settings.client_auth)

    def load(self) -> None:
        """Read the client's secret or key. Raises ValueError with words for an operator."""
        self._client.load()

    async def authorization_url(
        self, metadata: Metadata, *, state: str, nonce: str, verifier: str, **extra: str
    ) -> str:
        """Where the browser goes to log in (OIDC Core 3.1.2.1, with PKCE S256), with the request pushed first
        where that is agreed (RFC 9126).

        Raises LoginFailed where the provider refuses what was pushed, ProviderUnavailable where it does not answer.
        """
        parameters = {"state": state, "nonce": nonce, "code_verifier": verifier, **extra}
        if not self._provider.settings.pushed_authorization:
            return self._address(metadata.authorization_endpoint, parameters)
        pushed = dict(parse_qsl(urlsplit(self._address("", parameters)).query))
        reference = await self._push(metadata, pushed)
        mark = "&" if "?" in metadata.authorization_endpoint else "?"
        query = urlencode({"client_id": self._provider.settings.client_id, "request_uri": reference})
        return f"{metadata.authorization_endpoint}{mark}{query}"

    async def redeem(self, metadata: Metadata, *, code: str, verifier: str) -> dict[str, Any]:
        """The provider's answer to a code.

        Raises LoginFailed where the provider refuses it, ProviderUnavailable where it does not answer.
        """
        try:
            async with self._client.session("token", redirect_uri=self._redirect_uri) as client:
                answer = await client.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                )
        except OAuthError as refusal:
            # A client that is not accepted is the operator's business; a code that is not, the person's.
            reason = "client-refused" if refusal.error == "invalid_client" else "code-refused"
            raise LoginFailed(reason, f"token endpoint: {str(refusal.error)[:60]}") from refusal
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
            raise LoginFailed(
                "token-answer-malformed", f"token endpoint: {type(problem).__name__}"
            ) from problem
        if not isinstance(answer, dict):
            raise LoginFailed("token-answer-malformed", "token endpoint: no JSON object")
        return dict(answer)

    def _address(self, endpoint: str, parameters: dict[str, str]) -> str:
        return self._client.address(
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
            del parameters["client_id"]  # the proof brings it along, and it may not stand twice
        answer = await self._client.post("par", endpoint, parameters)
        content = as_object(answer) or {}
        if answer.status_code >= 500:
            raise ProviderUnavailable(f"pushed authorization request: {answer.status_code}")
        reference = content.get("request_uri")
        if answer.status_code not in (200, 201) or not isinstance(reference, str) or not reference:
            error = str(content.get("error", answer.status_code))[:60]
            raise LoginFailed("provider-refused", f"pushed authorization request: {error}")
        return reference


def text_of(content: Mapping[str, Any], name: str) -> str | None:
    """The text under this name; None where there is none, an empty one, or something else."""
    value = content.get(name)
    return value if isinstance(value, str) and value else None


def expiry(seconds: Any, now: float) -> float | None:
    """When an access token expires; None where the provider does not say, at once where it says nonsense."""
    if seconds is None:
        return None
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) < 10:
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < 1e9:
        return now
    return now + float(seconds)
