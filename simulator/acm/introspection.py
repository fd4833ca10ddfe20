"""Tells an API what a token stands for, in the fields of ACM's introspection (RFC 7662; page "valideer access token")."""

from __future__ import annotations

from typing import Any, Final

from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from joserfc import jwt

from simulator.acm.clients import Client
from simulator.acm.grants import AUTH_METHODS
from simulator.acm.records import AccessToken
from simulator.acm.requests import SimulatedRequest
from simulator.acm.state import AcmState

_SET_BY_CLIENT: Final = "claims_setbyclient"


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """Only the audience of a token learns something of it; for all others it is not active."""

    CLIENT_AUTH_METHODS = AUTH_METHODS
    SUPPORTED_TOKEN_TYPES = ("access_token",)

    def query_token(self, token_string: str, token_type_hint: str | None) -> AccessToken | None:
        state: AcmState = self.server.state
        return state.token(token_string)

    def check_permission(self, token: AccessToken, client: Client, request: SimulatedRequest) -> bool:
        return token.audience == client.client_id

    def introspect_token(self, token: AccessToken) -> dict[str, Any]:
        state: AcmState = self.server.state
        about: dict[str, Any] = {
            "active": True,
            "aud": token.audience,
            "client_id": token.client_id,
            "exp": int(token.expires_at),
            "iat": int(token.issued_at),
            "iss": state.issuer,
            "scope": token.scope,
            "sub": token.client_id,
            "token_type": "bearer",
        }
        client, api = state.client(token.client_id), state.client(token.audience)
        if token.user is not None:
            about |= state.claims(token.user, token.scope)
        elif client is not None:
            about["vo_applicatienaam"] = client.name
            if client.organisation is not None:
                about["vo_orgcode"], about["vo_orgnaam"] = client.organisation
            if _SET_BY_CLIENT in token.scope.split():
                about |= {f"setbyclient_{name}": value for name, value in client.setbyclient.items()}
        if api is not None:
            about |= {f"setbyapi_{name}": value for name, value in api.setbyapi.items()}
        if token.actor is not None:
            about["act"] = {"sub": token.actor}
        key = state.keys.signing
        return about | {"jwt": jwt.encode({"alg": "RS256", "kid": key.kid, "typ": "JWT"}, about, key)}
