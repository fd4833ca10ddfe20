"""What applications call at ACM: discovery, keys, tokens, userinfo and introspection, with the faults of each."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator.acm.requests import SimulatedRequest
from simulator.acm.server import Provider
from simulator.acm.state import AcmState
from simulator.faults.catalogue import DISCOVERY_DOWN, KEYS_DOWN, TOKEN_FAILS, TOKEN_SLOW


class Endpoints:
    """The endpoints of one ACM."""

    def __init__(self, state: AcmState, provider: Provider) -> None:
        self._state = state
        self._provider = provider

    async def health(self, request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def discovery(self, request: Request) -> Response:
        """As ACM publishes it: private_key_jwt, refreshing and token exchange work but are not listed, nor is any
        scope but openid."""
        if self._state.faults.is_on(DISCOVERY_DOWN):
            return _down()
        issuer = self._state.issuer
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/v1/auth",
                "token_endpoint": f"{issuer}/v1/token",
                "userinfo_endpoint": f"{issuer}/v1/userinfo",
                "jwks_uri": f"{issuer}/v1/keys",
                "introspection_endpoint": f"{issuer}/v1/introspect",
                "end_session_endpoint": f"{issuer}/v1/logout",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query", "fragment", "form_post"],
                "grant_types_supported": ["authorization_code", "client_credentials"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["plain", "S256"],
            }
        )

    async def keys(self, request: Request) -> Response:
        if self._state.faults.is_on(KEYS_DOWN):
            return _down()
        return JSONResponse(self._state.keys.published())

    async def token(self, request: Request) -> Response:
        asked = SimulatedRequest(request, await request.body())
        await asyncio.sleep(self._state.faults.seconds(TOKEN_SLOW))
        if self._state.faults.is_on(TOKEN_FAILS):
            return JSONResponse({"error": "server_error"}, 500)
        answer: Response = self._provider.create_token_response(asked)
        return answer

    async def userinfo(self, request: Request) -> Response:
        """The claims of the person as they are now, for the scopes of the token; nothing for machines."""
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        token = self._state.token(value)
        if kind.lower() != "bearer" or token is None or token.user is None:
            return JSONResponse(
                {"error": "invalid_token"}, 401, {"www-authenticate": 'Bearer error="invalid_token"'}
            )
        return JSONResponse(self._state.claims(token.user, token.scope))

    async def introspect(self, request: Request) -> Response:
        asked = SimulatedRequest(request, await request.body())
        answer: Response = self._provider.create_endpoint_response("introspection", asked)
        return answer


def _down() -> Response:
    return JSONResponse({"error": "temporarily_unavailable"}, 503)
