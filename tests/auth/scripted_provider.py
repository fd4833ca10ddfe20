"""A small OpenID provider over HTTP that does what a test tells it to; it shares no code with the gateway.

It is strict where ACM is (client authentication, redirect URI, PKCE, one-time codes) and lies where a test wants it to.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID = "gw"
SECRET = "a secret: 100% of the client + é, that only tests know"
REDIRECT_URI = "https://gw.test/oauth2/callback"
ALL = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "HS256"]
Answer = Callable[[dict[str, Any]], Response]


@cache
def key(name: str) -> Key:
    """A private key by its name in the case files; the same one for the whole test run."""
    kid: Any = {"kid": name.removesuffix("_other")}
    if name.startswith("ed"):
        return OKPKey.generate_key("Ed25519", kid)
    if name.startswith("e"):
        return ECKey.generate_key("P-384" if name == "e384" else "P-256", kid)
    if name.startswith("o"):
        return OctKey.generate_key(256, kid)
    if name == "small_rsa":
        from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        small = generate_private_key(65537, 1024)  # what joserfc would warn about when it makes one
        pem = small.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return RSAKey.import_key(pem, {"kid": name})
    return RSAKey.generate_key(2048, kid)


def public(name: str, **changes: Any) -> dict[str, Any]:
    """A key as it stands in a key set."""
    return {**key(name).as_dict(private=False), "use": "sig", **changes}


def signed(claims: Mapping[str, Any], *, name: str = "k1", alg: str = "RS256", **header: Any) -> str:
    """A JWT in compact form; a header value of None takes the member away."""
    full = {"alg": alg, "kid": name, **header}
    full = {member: value for member, value in full.items() if value is not None}
    return jws.serialize_compact(full, json.dumps(claims), key(name), algorithms=ALL)


@dataclass
class Grant:
    """What an authorization code stands for."""

    nonce: str
    challenge: str
    redirect_uri: str
    scope: str
    used: bool = False


@dataclass
class ScriptedProvider:
    """State and script. `clock` dates the tokens; `answers` replaces the answer of an endpoint by its name."""

    clock: Callable[[], float] = time.time
    client_key: Any = None
    issuer: str = ""
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public("k1"), public("e1")])
    discovery: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    token_answer: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] = signed
    answers: dict[str, Answer] = field(default_factory=dict)
    callback: dict[str, str | None] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    grants: dict[str, Grant] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    pushed: dict[str, dict[str, str]] = field(default_factory=dict)
    introspected: dict[str, dict[str, Any]] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    access_tokens: set[str] = field(default_factory=set)
    statements: set[str] = field(default_factory=set)
    subject: str = "alice"
    largest: int = 0

    def forget(self) -> None:
        """Begin anew: what a test scripted or did is gone."""
        for each in (
            self.discovery,
            self.claims,
            self.token_answer,
            self.answers,
            self.callback,
            self.userinfo,
        ):
            each.clear()
        for kept in (self.seen, self.requests, self.grants, self.introspected):
            kept.clear()
        self.sign = signed

    @staticmethod
    def key_of(pem: bytes) -> Key:
        """The key of the client, which this provider was given by other means."""
        return ECKey.import_key(pem)

    @property
    def app(self) -> Starlette:
        """The provider as an ASGI application, with ACM's paths."""
        return Starlette(
            routes=[
                Route("/op/.well-known/openid-configuration", self._metadata),
                Route("/op/v1/keys", self._keys),
                Route("/op/v1/auth", self._authorize),
                Route("/op/v1/par", self._push, methods=["POST"]),
                Route("/op/v1/token", self._token, methods=["POST"]),
                Route("/op/v1/introspect", self._introspect, methods=["POST"]),
                Route("/op/v1/userinfo", self._userinfo),
            ]
        )

    def metadata(self) -> dict[str, Any]:
        """The discovery document; a value of None in the script takes the member away."""
        stated = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/v1/auth",
            "token_endpoint": f"{self.issuer}/v1/token",
            "jwks_uri": f"{self.issuer}/v1/keys",
            "introspection_endpoint": f"{self.issuer}/v1/introspect",
            "userinfo_endpoint": f"{self.issuer}/v1/userinfo",
            "pushed_authorization_request_endpoint": f"{self.issuer}/v1/par",
            "end_session_endpoint": f"{self.issuer}/v1/logout",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["plain", "S256"],
        } | self.discovery
        return {name: value for name, value in stated.items() if value is not None}

    def id_token(self, grant: Grant | None = None, access_token: str = "") -> str:
        """An ID token for a grant, after the script changed its claims; a value of None takes a claim away."""
        now = self.clock()
        digest = hashlib.sha256(access_token.encode()).digest()
        claims = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT_ID,
            "azp": CLIENT_ID,
            "iat": int(now),
            "exp": int(now) + 3600,
            "nonce": grant.nonce if grant is not None else None,
            "at_hash": base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode() if access_token else None,
            "sid": "s1",
            "kid": "k1",
        } | self.claims
        token = self.sign({name: value for name, value in claims.items() if value is not None})
        self.largest = max(self.largest, len(token))
        return token

    def _note(self, endpoint: str, values: Mapping[str, str]) -> Response | None:
        self.seen[endpoint] += 1
        self.requests.append((endpoint, dict(values)))
        answer = self.answers.get(endpoint)
        return answer(dict(values)) if answer is not None else None

    async def _metadata(self, request: Request) -> Response:
        return self._note("discovery", request.headers) or JSONResponse(self.metadata())

    async def _keys(self, request: Request) -> Response:
        return self._note("keys", request.headers) or JSONResponse({"keys": self.keys})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self._note("auth", asked)
        if "request_uri" in asked:
            asked = self.pushed.pop(asked["request_uri"])
        code = secrets.token_urlsafe(32)
        self.grants[code] = Grant(
            asked["nonce"], asked["code_challenge"], asked["redirect_uri"], asked["scope"]
        )
        assert asked["code_challenge_method"] == "S256"
        assert asked["response_type"] == "code"
        answer = {"code": code, "state": asked["state"]} | self.callback
        query = urlencode({name: value for name, value in answer.items() if value is not None})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 302)

    async def _push(self, request: Request) -> Response:
        form = await _form(request)
        if (answer := self._note("par", form)) is not None:
            return answer
        if not self._authenticated(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        uri = f"urn:ietf:params:oauth:request_uri:{secrets.token_urlsafe(12)}"
        self.pushed[uri] = form
        return JSONResponse({"request_uri": uri, "expires_in": 60}, 201)

    async def _token(self, request: Request) -> Response:
        form = await _form(request)
        if (answer := self._note("token", form)) is not None:
            return answer
        if not self._authenticated(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        if form.get("grant_type") == "refresh_token":
            return self._refreshed(form)
        grant = self.grants.get(form.get("code", ""))
        if grant is None or grant.used or grant.redirect_uri != form.get("redirect_uri"):
            return JSONResponse({"error": "invalid_grant"}, 400)
        grant.used = True
        verifier = form.get("code_verifier", "")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if challenge != grant.challenge or not 43 <= len(verifier) <= 128:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return self._tokens(grant)

    def _refreshed(self, form: Mapping[str, str]) -> Response:
        if self.refresh_tokens.pop(form.get("refresh_token", ""), None) is None:
            return JSONResponse({"error": "invalid_request"}, 400)
        return self._tokens(None)

    def _tokens(self, grant: Grant | None) -> Response:
        access_token, refresh_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.refresh_tokens[refresh_token] = self.subject
        self.access_tokens.add(access_token)
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 3598,
            "refresh_token": refresh_token,
            "scope": "profile vo",
            "id_token": self.id_token(grant, access_token),
        } | self.token_answer
        return JSONResponse({name: value for name, value in answer.items() if value != "absent"})

    async def _introspect(self, request: Request) -> Response:
        form = await _form(request)
        if (answer := self._note("introspect", form)) is not None:
            return answer
        if not self._authenticated(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        return JSONResponse(self.introspected.get(form["token"], {"active": False}))

    async def _userinfo(self, request: Request) -> Response:
        if (answer := self._note("userinfo", request.headers)) is not None:
            return answer
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.access_tokens:
            return JSONResponse({"error": "invalid_token"}, 401)
        found = {"sub": self.subject} | self.userinfo
        return JSONResponse({name: value for name, value in found.items() if value is not None})

    def _authenticated(self, request: Request, form: Mapping[str, str]) -> bool:
        basic = request.headers.get("authorization", "")
        if basic.startswith("Basic "):
            name, _, secret = base64.b64decode(basic.removeprefix("Basic ")).decode().partition(":")
            return (unquote_plus(name), unquote_plus(secret)) == (CLIENT_ID, SECRET)
        if "client_secret" in form:
            return (form["client_id"], form["client_secret"]) == (CLIENT_ID, SECRET)
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        if form.get("client_assertion_type") != kind:
            return False
        try:
            statement = jwt.decode(
                form["client_assertion"], self.client_key, algorithms=["RS256", "ES256"]
            ).claims
        except JoseError:
            return False
        fresh = statement["jti"] not in self.statements
        self.statements.add(statement["jti"])
        return (
            fresh
            and statement["iss"] == statement["sub"] == CLIENT_ID
            and statement["aud"] == self.issuer
            and 0 < statement["exp"] - statement["iat"] <= 600
        )


async def _form(request: Request) -> dict[str, str]:
    """The form of a request, in which no parameter may stand twice."""
    found = parse_qs((await request.body()).decode(), keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}
