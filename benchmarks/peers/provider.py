"""A small OpenID provider for the peers: everybody is logged in at once as the same person."""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "benchmark", "benchmark-secret"
_LIFETIME = 8 * 3_600


class Provider:
    """Authorization code flow with any client secret; access tokens are JWTs too, as jwt_authn wants them."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._key = RSAKey.generate_key(
            2048, {"kid": "benchmark", "use": "sig", "alg": "RS256"}, private=True
        )
        self._nonces: dict[str, str] = {}
        """The nonce of each code that was handed out."""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/jwks", self._keys),
            ]
        )

    async def _metadata(self, _: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": self._issuer,
                "authorization_endpoint": f"{self._issuer}/authorize",
                "token_endpoint": f"{self._issuer}/token",
                "jwks_uri": f"{self._issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            }
        )

    async def _authorize(self, request: Request) -> RedirectResponse:
        asked, code = request.query_params, secrets.token_urlsafe(16)
        self._nonces[code] = asked.get("nonce", "")
        answer = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{answer}", status_code=302)

    async def _token(self, request: Request) -> JSONResponse:
        form = await request.form()
        nonce, now = self._nonces.pop(str(form["code"])), int(time.time())
        claims: dict[str, Any] = {
            "iss": self._issuer, "sub": "somebody", "aud": CLIENT_ID, "iat": now, "exp": now + _LIFETIME,
            "given_name": "An", "family_name": "Peeters", "rights": ["indiener"],
        }  # fmt: skip
        return JSONResponse(
            {
                "token_type": "Bearer",
                "expires_in": _LIFETIME,
                "access_token": self._signed(claims),
                "id_token": self._signed({**claims, "nonce": nonce} if nonce else claims),
            }
        )

    async def _keys(self, _: Request) -> JSONResponse:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "benchmark"}, claims, self._key)
