"""One client of a provider: requests with client authentication, by authlib."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign

from gateway.auth.client_keys import client_keys
from gateway.auth.provider import Provider, as_object
from gateway.auth.settings import ClientSecret, PrivateKeyJwt
from gateway.key_files.keyring import KeyChoice, agreed_key

ASSERTION_SECONDS = 300
"""How long a client assertion is valid."""

# RFC 6749 5.2: not the code or token is refused, but the gateway.
_CLIENT_REFUSED = ("invalid_client", "unauthorized_client")


class _ClientAssertion(PrivateKeyJWT):  # type: ignore[misc]
    """Client authentication by a signed JWT (RFC 7523 2.2), valid for five minutes and used once."""

    def __init__(self, audience: str, algorithm: str, clock: Callable[[], float]) -> None:
        super().__init__(token_endpoint=audience, alg=algorithm)
        self._clock = clock

    def sign(self, auth: Any, token_endpoint: str) -> str:
        key = auth.client_secret
        signed: str = private_key_jwt_sign(
            key,
            client_id=auth.client_id,
            token_endpoint=token_endpoint,
            claims={},
            header={"kid": key.thumbprint(), "typ": "JWT"},
            alg=self.alg,
            issued_at=int(self._clock()),
            expires_in=ASSERTION_SECONDS,
        )
        return signed


class _Basic:
    """Client id and secret in the Authorization header, each form-encoded first (RFC 6749 2.3.1)."""

    name = "client_secret_basic"

    def __call__(self, auth: Any, method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
        pair = f"{quote_plus(auth.client_id)}:{quote_plus(auth.client_secret)}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode('ascii')).decode('ascii')}"
        return uri, headers, body


class Client:
    """One client of one provider. `client_id` and `auth` are as registered there."""

    def __init__(self, provider: Provider, client_id: str, auth: PrivateKeyJwt | ClientSecret) -> None:
        self._provider = provider
        self._client_id = client_id
        self._auth = auth
        self._secret: Any = None
        self._published: list[dict[str, Any]] = []

    @property
    def paths(self) -> tuple[Path, ...]:
        """The file with the client's secret or key, if it is in one."""
        auth = self._auth
        path = auth.key.path if isinstance(auth, PrivateKeyJwt) else auth.secret.path
        return (path,) if path is not None else ()

    def load(self) -> None:
        """Read the client's secret, or the key to use. Raises ValueError with a message for operators."""
        auth = self._auth
        if not isinstance(auth, PrivateKeyJwt):
            try:
                self._secret = auth.secret.read().decode("utf-8")
            except UnicodeDecodeError as problem:
                raise ValueError(f"{auth.secret.reference} is not UTF-8 text") from problem
            return
        choice = self.read_keys()
        now = self._provider.clock()
        choice.take(agreed_key(choice.since, (), announced_for=auth.announce or 0.0, now=now))

    def read_keys(self) -> KeyChoice:
        """The keys to sign with, as the file has them now. Raises ValueError with a message for operators."""
        assert isinstance(self._auth, PrivateKeyJwt)
        keys = {key.kid: key for key in client_keys(self._auth)}
        known = {kid: key.since for kid, key in keys.items() if key.since is not None}

        def take(kid: str) -> None:
            self._secret = keys[kid].jwk
            self._published = [key.public for key in keys.values()]

        return KeyChoice(known, take)

    def use(self, kid: str) -> None:
        """Sign with the key whose id begins like this, whether the provider knows it or not. Raises ValueError."""
        assert isinstance(self._auth, PrivateKeyJwt)
        self._secret = next((key.jwk for key in client_keys(self._auth) if key.kid.startswith(kid)), None)
        if self._secret is None:
            raise ValueError(f"{self._auth.key.reference} does not have the key {kid}")

    def jwks(self) -> dict[str, Any]:
        """The public keys of this client, with those that are not used yet (RFC 7517)."""
        return {"keys": [dict(key) for key in self._published]}

    async def post(
        self,
        what: str,
        url: str,
        form: dict[str, str],
        *,
        refuses: Callable[[httpx2.Response], bool] = lambda _answer: False,
    ) -> httpx2.Response:
        """The response to a form that is sent with client authentication; `what` names the call in errors.

        `refuses` recognizes a refusal that is not in the status. Raises ProviderUnavailable if there is no response within the provider's time limit.
        """
        async with self._provider.call(what) as call, self._made({}) as client:
            proof = client.client_auth(self._auth.method)
            response: httpx2.Response = await client.post(
                url, data=form, auth=proof, headers={"Accept": "application/json"}
            )
            call.judge(response.status_code)
            if response.status_code == 401 or (as_object(response) or {}).get("error") in _CLIENT_REFUSED:
                call.result = "error"  # no client of ours can cause it: an operator has to mend it
            if call.result == "ok" and refuses(response):
                call.result = "refused"
        return response

    def address(self, endpoint: str, parameters: dict[str, str], **options: Any) -> str:
        """The URL of an authorization request, for the browser."""
        url, _ = self._made(options).create_authorization_url(endpoint, **parameters)
        return str(url)

    def _made(self, options: dict[str, Any]) -> Any:
        auth = self._auth
        client = AsyncOAuth2Client(
            client_id=self._client_id,
            client_secret=self._secret,
            token_endpoint_auth_method=auth.method,
            **options,
            **self._provider.client_options,
        )
        client.register_client_auth_method(_Basic())
        if isinstance(auth, PrivateKeyJwt):
            audience = auth.audience or self._provider.settings.issuer
            client.register_client_auth_method(
                _ClientAssertion(audience, auth.algorithm, self._provider.clock)
            )
        return client
