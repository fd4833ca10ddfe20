"""Codes and refresh tokens: what people's logins are traded for. Built with authlib's server grants."""

from __future__ import annotations

import json
import secrets
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from authlib.oidc.core.util import create_half_hash
from joserfc import jws

from simulator.acm.capacities import Chosen, capacities
from simulator.acm.clients import Client
from simulator.acm.records import CODE_SECONDS, TOKEN_SECONDS, Code, RefreshToken
from simulator.acm.requests import SimulatedRequest
from simulator.acm.state import AcmState
from simulator.faults.catalogue import AUDIENCE_AS_LIST, CLOCK_AHEAD, CLOCK_BEHIND

AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt")


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """Codes of 30 seconds that work once."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def generate_authorization_code(self) -> str:
        return secrets.token_urlsafe(32)

    def save_authorization_code(self, code: str, request: SimulatedRequest) -> None:
        state: AcmState = self.server.state
        data = request.payload.data
        state.codes[code] = Code(
            code=code,
            client_id=request.client.client_id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            user=request.user,
            nonce=data.get("nonce"),
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
            acr=request.acr,
            expires_at=state.clock() + CODE_SECONDS,
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        # Taken out at once: a code works once, also when what comes with it is wrong.
        state: AcmState = self.server.state
        found = state.codes.pop(code, None)
        if found is None or found.client_id != client.client_id or found.expires_at <= state.clock():
            return None
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It was taken out when it was looked up."""

    def authenticate_user(self, authorization_code: Code) -> Chosen:
        return authorization_code.user


class Pkce(CodeChallenge):  # type: ignore[misc]
    """PKCE, demanded of every client that is registered for it."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("plain", "S256")

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        if grant.request.client.require_pkce and not grant.request.payload.data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge'")
        super().validate_code_challenge(grant, redirect_uri)


class IdToken(OpenIDCode):  # type: ignore[misc]
    """ACM's ID token: the claims of the scopes in it, the key id in header and payload."""

    def __init__(self, state: AcmState) -> None:
        super().__init__(require_nonce=False)
        self._state = state

    def exists_nonce(self, nonce: str, request: SimulatedRequest) -> bool:
        return False  # ACM echoes a nonce; whether it is fresh is the client's business

    def encode_id_token(self, token: dict[str, Any], request: SimulatedRequest) -> str:
        # authlib's own form takes the time from the machine and adds `typ`, which ACM leaves out.
        state, client, code = self._state, request.client, request.authorization_code
        faults, key = state.faults, state.keys.signing
        now = int(state.clock() + faults.seconds(CLOCK_AHEAD) - faults.seconds(CLOCK_BEHIND))
        claims = {
            "iss": state.issuer,
            "aud": [client.client_id] if faults.is_on(AUDIENCE_AS_LIST) else client.client_id,
            "azp": client.client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "nonce": code.nonce,
            "acr": code.acr,
            "at_hash": create_half_hash(token["access_token"], "RS256").decode(),
            "cot": "vo",
            "kid": key.kid,
            **state.claims(request.user, token["scope"]),
        }
        content = json.dumps({name: value for name, value in claims.items() if value is not None})
        return jws.serialize_compact({"alg": "RS256", "kid": key.kid}, content.encode(), key)


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    """Refresh tokens that rotate, each used once; after the window ACM answers `invalid_request` (page "refresh token")."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        state: AcmState = self.server.state
        found = state.refresh_tokens.get(refresh_token)
        if found is None or not found.check_client(self.request.client):
            return None
        if found.window_ends <= state.clock():
            raise InvalidRequestError("The time in which this token can be refreshed is over.")
        self.request.window_ends = found.window_ends
        return found

    def authenticate_user(self, refresh_token: RefreshToken) -> Chosen | None:
        """Nobody who no longer works there, or no longer exists, gets new tokens."""
        people = self.server.state.people()
        user = refresh_token.user
        if user.persona not in people.people:
            return None
        held = capacities(people, user.persona, self.request.client)
        return (
            user if any((c.doelgroep, c.code) == (user.doelgroep, user.organisation) for c in held) else None
        )

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        self.server.state.refresh_tokens.pop(self.request.form["refresh_token"], None)
