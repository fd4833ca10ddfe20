"""ACM's token endpoint and codes, built with authlib's server grants and an adapter to Starlette's requests.

Strict where ACM is: client authentication, redirect addresses, PKCE, codes of 30 seconds that work once.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError, InvalidRequestError, OAuth2Payload
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import OAuth2Request
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import KeySet, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator.acm.clients import Client
from simulator.acm.state import CODE_SECONDS, TOKEN_SECONDS, AcmState, Chosen, Code, Token

_LONGEST_ASSERTION = 600


class Payload(OAuth2Payload):  # type: ignore[misc]
    """The parameters of a request; each with all its values."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._lists[name].append(value)
        self._data = {name: values[0] for name, values in self._lists.items()}

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._lists


class SimulatedRequest(OAuth2Request):  # type: ignore[misc]
    """A Starlette request as authlib wants to see it."""

    def __init__(self, request: Request, body: bytes) -> None:
        # authlib refuses plain http, which is all there is on one machine: it is only shown an https address.
        super().__init__(
            request.method, str(request.url.replace(scheme="https")), headers=dict(request.headers)
        )
        self.headers = {name.title(): value for name, value in request.headers.items()}
        self._arguments = Payload(parse_qsl(request.url.query, keep_blank_values=True))
        self._posted = Payload(parse_qsl(body.decode("latin-1"), keep_blank_values=True))
        self.payload = self._posted if request.method == "POST" else self._arguments

    @property
    def args(self) -> dict[str, str]:
        return self._arguments.data

    @property
    def form(self) -> dict[str, str]:
        return self._posted.data


class Provider(AuthorizationServer):  # type: ignore[misc]
    """authlib's authorization server on the state of one simulated ACM."""

    def __init__(self, state: AcmState) -> None:
        super().__init__()
        self.state = state
        self.register_token_generator("default", self._new_token)
        self.register_client_auth_method("private_key_jwt", _Assertion(state))
        self.register_grant(_CodeGrant, [_Pkce(), _IdToken(state)])

    def query_client(self, client_id: str) -> Client | None:
        return self.state.client(client_id)

    def save_token(self, token: Mapping[str, Any], request: SimulatedRequest) -> None:
        now = self.state.clock()
        self.state.tokens[token["access_token"]] = Token(
            request.client.client_id, token["scope"], request.user, now + TOKEN_SECONDS
        )

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: SimulatedRequest) -> SimulatedRequest:
        return request

    def create_json_request(self, request: Any) -> Any:
        raise NotImplementedError("ACM takes forms only")

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        if isinstance(body, dict):
            if "scope" in body and "id_token" in body:
                # ACM answers with the scopes other than openid.
                body["scope"] = " ".join(scope for scope in body["scope"].split() if scope != "openid")
            return JSONResponse(body, status, dict(headers))
        return Response(body, status, dict(headers))

    def _new_token(self, *, scope: str, **_others: Any) -> dict[str, Any]:
        return {
            "access_token": secrets.token_urlsafe(32),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": scope,
        }


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
    AUTHORIZATION_CODE_LENGTH = 43

    def save_authorization_code(self, code: str, request: SimulatedRequest) -> None:
        state: AcmState = self.server.state
        data = request.payload.data
        now = state.clock()
        state.codes[code] = Code(
            code=code,
            client_id=request.client.client_id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            user=request.user,
            nonce=data.get("nonce"),
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
            auth_time=int(now),
            expires_at=now + CODE_SECONDS,
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        # Taken out at once: a code works once, also when what comes with it is wrong.
        found: Code | None = self.server.state.codes.pop(code, None)
        if (
            found is None
            or found.client_id != client.client_id
            or found.expires_at <= self.server.state.clock()
        ):
            return None
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It was taken out when it was looked up."""

    def authenticate_user(self, authorization_code: Code) -> Chosen:
        return authorization_code.user


class _Pkce(CodeChallenge):  # type: ignore[misc]
    """PKCE, demanded of every client that is registered for it."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("plain", "S256")

    def __init__(self) -> None:
        super().__init__(required=True)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        if grant.request.client.require_pkce and not grant.request.payload.data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge'")
        super().validate_code_challenge(grant, redirect_uri)


class _Assertion(JWTBearerClientAssertion):  # type: ignore[misc]
    """private_key_jwt as ACM wants it: for the issuer, at most ten minutes long, never twice."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, state: AcmState) -> None:
        super().__init__(validate_jti=True)
        self._state = state

    def get_audiences(self) -> list[str]:
        return [self._state.issuer]

    def verify_claims(self, claims: dict[str, Any]) -> None:
        super().verify_claims(claims)
        if claims["exp"] - self._state.clock() > _LONGEST_ASSERTION + self.leeway:
            raise InvalidClientError(description="The assertion is valid for more than 10 minutes.")

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        used = self._state.assertions
        now = self._state.clock()
        for old in [each for each, until in used.items() if until < now]:
            del used[old]
        name = f"{claims['sub']} {jti}"
        if name in used:
            return False
        used[name] = float(claims["exp"]) + self.leeway
        return True

    def resolve_client_public_key(self, client: Client) -> KeySet:
        keys = client.public_keys()
        if not keys.keys:
            raise InvalidClientError(description="ACM has no key of this client.")
        return keys


class _IdToken(OpenIDCode):  # type: ignore[misc]
    """ACM's ID token: the claims of the scopes in it, the key id in header and payload."""

    def __init__(self, state: AcmState) -> None:
        super().__init__(require_nonce=False)
        self._state = state

    def exists_nonce(self, nonce: str, request: SimulatedRequest) -> bool:
        return False  # ACM echoes a nonce; whether it is fresh is the client's business

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return self._state.key

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        now = int(self._state.clock())
        return {
            "iss": self._state.issuer,
            "aud": client.client_id,
            "azp": client.client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "cot": "vo",
            "kid": self._state.key.kid,
        }

    def get_encode_header(self, client: Client) -> dict[str, Any]:
        return {"alg": "RS256", "kid": self._state.key.kid}

    def get_compatible_claims(self, request: SimulatedRequest) -> dict[str, Any]:
        claims: dict[str, Any] = super().get_compatible_claims(request)
        claims.pop("auth_time", None)
        return claims

    def generate_user_info(self, user: Chosen, scope: str) -> dict[str, Any]:
        return self._state.claims(user, scope)
