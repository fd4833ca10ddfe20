"""ACM's authorization server: authlib's, with ACM's grants, ways to authenticate, and tokens."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer
from starlette.responses import JSONResponse, Response

from simulator.acm.assertion import Assertion
from simulator.acm.capacities import Chosen
from simulator.acm.clients import Client
from simulator.acm.grants import CodeGrant, IdToken, Pkce, RefreshGrant
from simulator.acm.introspection import Introspection
from simulator.acm.machines import ExchangeGrant, MachineGrant
from simulator.acm.records import REFRESH_SECONDS, TOKEN_SECONDS, AccessToken, RefreshToken
from simulator.acm.requests import SimulatedRequest
from simulator.acm.state import AcmState


class Provider(AuthorizationServer):  # type: ignore[misc]
    """authlib's authorization server on the state of one simulated ACM."""

    def __init__(self, state: AcmState) -> None:
        super().__init__()
        self.state = state
        self.register_token_generator("default", self._new_token)
        self.register_client_auth_method("private_key_jwt", Assertion(state))
        self.register_grant(CodeGrant, [Pkce(), IdToken(state)])
        self.register_grant(RefreshGrant)
        self.register_grant(MachineGrant)
        self.register_grant(ExchangeGrant)
        self.register_endpoint(Introspection)

    def issue_code(self, asked: SimulatedRequest, user: Chosen, acr: str | None) -> str:
        """A code for an authorization request that `get_consent_grant` found right."""
        grant = self.get_authorization_grant(asked)
        asked.user, asked.acr = user, acr
        code: str = grant.generate_authorization_code()
        grant.save_authorization_code(code, asked)
        return code

    # What authlib asks of an integration

    def query_client(self, client_id: str) -> Client | None:
        return self.state.client(client_id)

    def save_token(self, token: Mapping[str, Any], request: SimulatedRequest) -> None:
        state, now = self.state, self.state.clock()
        for old in [value for value, each in state.tokens.items() if each.expires_at <= now]:
            del state.tokens[old]
        client_id, scope = request.client.client_id, str(token["scope"])
        state.tokens[token["access_token"]] = AccessToken(
            client_id,
            scope,
            request.user,
            request.audience or client_id,
            now,
            now + TOKEN_SECONDS,
            request.actor,
        )
        if "refresh_token" in token:
            window_ends = request.window_ends if request.window_ends is not None else now + REFRESH_SECONDS
            state.refresh_tokens[token["refresh_token"]] = RefreshToken(
                client_id, scope, request.user, window_ends
            )

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: SimulatedRequest) -> SimulatedRequest:
        return request

    def create_json_request(self, request: Any) -> Any:
        raise NotImplementedError("ACM takes forms only")

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        if isinstance(body, dict):
            if "access_token" in body:
                # ACM answers with the scopes other than openid.
                body["scope"] = " ".join(scope for scope in body["scope"].split() if scope != "openid")
            return JSONResponse(body, status, dict(headers))
        return Response(body, status, dict(headers))

    def _new_token(self, *, scope: str, include_refresh_token: bool, **_others: Any) -> dict[str, Any]:
        token: dict[str, Any] = {
            "access_token": secrets.token_urlsafe(32),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": scope,
        }
        if include_refresh_token and "offline_access" in scope.split():
            token["refresh_token"] = secrets.token_urlsafe(32)
        return token
