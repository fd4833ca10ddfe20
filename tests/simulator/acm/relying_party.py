"""A bare relying party for tests of ACM: it builds each request by hand, so that each can also be wrong."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

from simulator.acm.clients import Client

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Clock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = float(int(time.time()))

    def __call__(self) -> float:
        return self.now


@dataclass
class RelyingParty:
    """One client at one ACM, with a browser of its own."""

    issuer: str
    client: Client
    clock: Clock
    key: RSAKey | None = None
    browser: httpx2.Client = field(default_factory=lambda: httpx2.Client(trust_env=False, timeout=10))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def redirect_uri(self) -> str:
        return self.client.redirect_uris[0]

    def request(self, **changes: str | None) -> dict[str, str]:
        """A right authorization request; None takes a parameter away."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=")
        asked: dict[str, str | None] = {
            "client_id": self.client.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid profile vo ovam",
            "state": "the state",
            "nonce": "the nonce",
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (asked | changes).items() if value is not None}

    def authorize(self, **changes: str | None) -> httpx2.Response:
        return self.browser.get(f"{self.issuer}/v1/auth", params=self.request(**changes))

    def follow(self, answer: httpx2.Response) -> httpx2.Response:
        """Follow redirects inside ACM."""
        while answer.is_redirect and answer.headers["location"].startswith("/"):
            answer = self.browser.get(httpx2.URL(answer.url).join(answer.headers["location"]))
        return answer

    def post(self, page: httpx2.Response, path: str, **values: str) -> httpx2.Response:
        """Fill in the form of a login page."""
        ticket = httpx2.URL(page.url).params["request"]
        return self.browser.post(f"{self.issuer}/{path}", data={"request": ticket, **values})

    def log_in(
        self, persona: str = "indiener", *, means: str = "itsme", **changes: str | None
    ) -> httpx2.Response:
        """The answer after a fresh login: back to the application, or a choice of capacity."""
        self.browser.cookies.clear()
        page = self.follow(self.authorize(**changes))
        return self.follow(self.post(page, "login", persona=persona, means=means))

    def choose(self, page: httpx2.Response, **values: str) -> httpx2.Response:
        return self.post(page, "capacity", **values)

    def returned(self, answer: httpx2.Response) -> dict[str, str]:
        """What came back to the application in the query."""
        parts = urlsplit(answer.headers["location"])
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == self.redirect_uri.partition("?")[0]
        return dict(parse_qsl(parts.query))

    def code(self, persona: str = "indiener", **changes: str | None) -> str:
        return self.returned(self.log_in(persona, **changes))["code"]

    def token(self, *, how: str | None = None, **form: str | None) -> httpx2.Response:
        """A request to the token endpoint, authenticated as the client can, or as `how` says."""
        return self.call("token", how=how, **form)

    def redeem(self, code: str, **changes: str | None) -> httpx2.Response:
        wanted = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return self.token(**(wanted | changes))

    def call(self, path: str, *, how: str | None = None, **form: str | None) -> httpx2.Response:
        data = {name: value for name, value in form.items() if value is not None}
        how = how or ("private_key_jwt" if self.key is not None else "client_secret_basic")
        options: dict[str, Any] = {}
        if how == "private_key_jwt":
            data = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion(), **data}
        elif how == "client_secret_post":
            data |= {"client_id": self.client.client_id, "client_secret": str(self.client.secret)}
        elif how == "client_secret_basic":
            options["auth"] = (self.client.client_id, str(self.client.secret))
        return httpx2.post(f"{self.issuer}/v1/{path}", data=data, trust_env=False, **options)

    def assertion(self, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
        assert self.key is not None
        now = int(self.clock())
        claims = {
            "iss": self.client.client_id,
            "sub": self.client.client_id,
            "aud": self.issuer,
            "iat": now,
            "exp": now + 300,
            "jti": str(uuid.uuid4()),
        } | changes
        wanted = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "typ": "JWT", **(header or {})}, wanted, self.key)

    def userinfo(self, access_token: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {access_token}"}
        return httpx2.get(f"{self.issuer}/v1/userinfo", headers=headers, trust_env=False)
