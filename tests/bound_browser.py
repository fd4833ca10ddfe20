"""A browser that binds its session to a key, as Chromium does by Device Bound Session Credentials (DBSC)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import http_sf
import httpx2
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from tests.gateway_fixture import PAGE, Browser

Key = ECKey | RSAKey


def new_key(algorithm: str = "ES256") -> Key:
    """A key that never leaves the device."""
    return ECKey.generate_key("P-256") if algorithm == "ES256" else RSAKey.generate_key(2_048)


class _Unchecked(jws.JWSRegistry):
    """Signs any header."""

    def check_header(self, header: Any) -> None:
        """Anything goes."""


def proof(
    key: Key,
    challenge: str,
    *,
    header: Mapping[str, Any] | None = None,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """A proof of this key (DBSC, 9.9 DBSC proof JWT syntax); `header` and `claims` add to it, or change it."""
    algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
    content = json.dumps({"jti": challenge, **(claims or {})})
    head = {"typ": "dbsc+jwt", "alg": algorithm, **(header or {})}
    registry = _Unchecked(algorithms=[algorithm])
    registry.max_header_length = 4_096
    return jws.serialize_compact(head, content.encode(), key, registry=registry)


class Registration:
    """What `Secure-Session-Registration` offers, read by a parser of structured fields that isn't ours."""

    def __init__(self, answer: httpx2.Response) -> None:
        offers = http_sf.parse(answer.headers["secure-session-registration"].encode(), tltype="list")
        ((self.algorithms, parameters),) = [
            ([str(each[0]) for each in kinds], found) for kinds, found in offers
        ]
        self.path, self.challenge = parameters["path"], parameters["challenge"]
        self.authorization = parameters["authorization"]


class BoundBrowser:
    """Does what Chromium does around the requests of a `Browser`.

    It registers a key where a response offers that, and renews the proof before a request that lacks its cookie. `id` is
    None where it has no bound session.
    """

    def __init__(self, browser: Browser, algorithm: str = "ES256") -> None:
        self.browser = browser
        self.key = new_key(algorithm)
        self.id: str | None = None
        self.config: dict[str, Any] = {}
        self.challenges = 0

    def log_in(self, target: str = "/echo") -> httpx2.Response:
        """Log in, and bind the session."""
        answer = self.browser.log_in(target)
        self.register(Registration(answer))
        return answer

    def register(self, offer: Registration, **changes: Any) -> httpx2.Response:
        """Answer an offer; `changes` are those of `proof`. The request has no cookies, as one that another site began."""
        public = {"jwk": self.key.as_dict(private=False)}
        signed = proof(
            self.key,
            offer.challenge,
            header={**public, **changes.get("header", {})},
            claims={"authorization": offer.authorization, **changes.get("claims", {})},
        )
        kept, self.browser.cookies = self.browser.cookies, {}
        lines = {"secure-session-response": f'"{signed}"', "authorization": offer.authorization}
        answer = self.browser.request("POST", offer.path, headers=lines)
        self.browser.cookies = {**kept, **self.browser.cookies}
        if answer.status_code == 200:
            self._configure(answer)
        return answer

    def _configure(self, answer: httpx2.Response) -> None:
        found = answer.json()
        if found.get("continue") is False:
            self.id, self.config = None, {}
            return
        assert self.id in (None, found["session_identifier"])
        self.id, self.config = found["session_identifier"], found

    @property
    def cookie(self) -> str:
        """The name of the bound cookie."""
        name: str = self.config["credentials"][0]["name"]
        return name

    def expire(self) -> None:
        """The bound cookie's Max-Age is over."""
        self.browser.cookies.pop(self.cookie, None)

    def ask(self, signed: str | None = None, **headers: str) -> httpx2.Response:
        """One request to the refresh address, with this proof if any."""
        lines = {"sec-secure-session-id": f'"{self.id}"', **headers}
        if signed is not None:
            lines["secure-session-response"] = f'"{signed}"'
        path = urlsplit(self.config["refresh_url"]).path
        return self.browser.request("POST", path, headers=lines)

    def challenge(self, answer: httpx2.Response) -> str:
        """The challenge of a 403, for this session."""
        assert answer.status_code == 403, answer.text
        value, parameters = http_sf.parse(answer.headers["secure-session-challenge"].encode(), tltype="item")
        assert parameters == {"id": self.id}
        self.challenges += 1
        return str(value)

    def refresh(self) -> httpx2.Response:
        """Renew the proof: ask, sign what comes back, ask again."""
        answer = self.ask()
        while answer.status_code == 403:
            assert self.challenges < 10
            answer = self.ask(proof(self.key, self.challenge(answer)))
        if answer.status_code == 200:
            self._configure(answer)
        elif 400 <= answer.status_code < 500 and answer.status_code not in (407, 429):
            self.id, self.config = None, {}
        return answer

    def go(self, target: str, **headers: str) -> httpx2.Response:
        """Navigate; a request that lacks the bound cookie waits for a refresh first."""
        if self.id is not None and self.cookie not in self.browser.cookies:
            self.refresh()
        return self.browser.go(target, headers={**PAGE, **headers})
