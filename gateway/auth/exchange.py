"""Trades a code for tokens at the provider, in the way that was agreed with it; through authlib.

The one module that knows authlib. What the tokens prove is judged elsewhere.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from gateway.auth.provider import Metadata, Provider
from gateway.auth.settings import PrivateKeyJwt
from gateway.errors import LoginFailed, ProviderUnavailable

_STATEMENT_SECONDS = 300


class _Statement(PrivateKeyJWT):  # type: ignore[misc]
    """The signed statement of the client (RFC 7523): for the issuer, five minutes, never the same twice."""

    def __init__(self, audience: str, algorithm: str) -> None:
        super().__init__(token_endpoint=audience, alg=algorithm)

    def sign(self, auth: Any, token_endpoint: str) -> str:
        key = auth.client_secret
        signed: str = private_key_jwt_sign(
            key,
            client_id=auth.client_id,
            token_endpoint=token_endpoint,
            claims={},
            header={"kid": key.thumbprint(), "typ": "JWT"},
            alg=self.alg,
            expires_in=_STATEMENT_SECONDS,
        )
        return signed


class Exchange:
    """The calls to the token endpoint of one provider."""

    def __init__(self, provider: Provider, redirect_uri: str) -> None:
        self._provider = provider
        self._redirect_uri = redirect_uri
        self._secret: Any = None

    def load(self) -> None:
        """Read the client's secret or key. Raises ValueError with words for an operator."""
        auth = self._provider.settings.client_auth
        if not isinstance(auth, PrivateKeyJwt):
            self._secret = auth.secret.read().decode()
            return
        pem = auth.key.read()
        kind = ECKey if auth.algorithm == "ES256" else RSAKey
        try:
            self._secret = kind.import_key(pem)
        except (JoseError, ValueError, TypeError) as problem:
            raise ValueError(
                f"{auth.key.reference} is no private key in PEM form for {auth.algorithm}"
            ) from problem
        if not self._secret.is_private:
            raise ValueError(f"{auth.key.reference} holds a public key; the private one is needed")

    def authorization_url(
        self, metadata: Metadata, *, state: str, nonce: str, verifier: str, **extra: str
    ) -> str:
        """Where the browser goes to log in (OIDC Core 3.1.2.1, with PKCE S256)."""
        url, _ = self._client().create_authorization_url(
            metadata.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier, **extra
        )
        return str(url)

    async def redeem(self, metadata: Metadata, *, code: str, verifier: str) -> dict[str, Any]:
        """The provider's answer to a code.

        Raises LoginFailed where the provider refuses it, ProviderUnavailable where it does not answer.
        """
        try:
            async with asyncio.timeout(self._provider.settings.timeout), self._client() as client:
                answer = await client.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                )
        except OAuthError as refusal:
            raise LoginFailed("code-refused", f"token endpoint: {refusal.error}") from refusal
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as problem:
            raise ProviderUnavailable(f"token endpoint: {type(problem).__name__}") from problem
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
            raise LoginFailed(
                "token-answer-malformed", f"token endpoint: {type(problem).__name__}"
            ) from problem
        if not isinstance(answer, dict):
            raise LoginFailed("token-answer-malformed", "token endpoint: no JSON object")
        return dict(answer)

    def _client(self) -> Any:
        settings = self._provider.settings
        auth = settings.client_auth
        client = AsyncOAuth2Client(
            client_id=settings.client_id,
            client_secret=self._secret,
            token_endpoint_auth_method=auth.method,
            scope=" ".join(settings.scopes),
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            **self._provider.client_options,
        )
        if isinstance(auth, PrivateKeyJwt):
            client.register_client_auth_method(_Statement(auth.audience or settings.issuer, auth.algorithm))
        return client
