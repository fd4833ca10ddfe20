"""One relying party at ACM: the request with state, nonce and PKCE, and the code exchanged for a checked ID token."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

SCOPES: Final = ("openid", "profile", "vo")
_LEEWAY: Final = 10
_PATIENCE: Final = 10.0


class LoginRefused(Exception):
    """Nobody is logged in; the words, in Dutch, say why."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that was sent to ACM and has not come back."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """An application under `{base}{prefix}` beside the ACM of `{base}`. Its secret lives as long as this process."""

    base: str
    prefix: str
    client_id: str
    clock: Callable[[], float]
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def redirect_uri(self) -> str:
        return f"{self.base}{self.prefix}/aangemeld"

    @property
    def logout_uri(self) -> str:
        return f"{self.base}{self.prefix}/afgemeld"

    @property
    def switch_uri(self) -> str:
        return f"{self.base}{self.prefix}/aanmelden"

    def authorization_url(self, attempt: Attempt) -> str:
        """Where the browser goes to log in."""
        challenge = base64.urlsafe_b64encode(sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(SCOPES),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.base}/op/v1/auth?{urlencode(query)}"

    def logout_url(self, *, switch: bool) -> str:
        """Where the browser goes to log out at ACM, or to choose another capacity there."""
        target = self.switch_uri if switch else self.logout_uri
        query = {"client_id": self.client_id, "post_logout_redirect_uri": target}
        return f"{self.base}/op/v1/logout?{urlencode(query | ({'switch': 'true'} if switch else {}))}"

    async def claims(self, attempt: Attempt, answer: Mapping[str, str]) -> dict[str, Any]:
        """The claims of the person who came back with this answer. Raises LoginRefused."""
        if "error" in answer:
            raise LoginRefused(f"ACM liet u niet door ({answer['error'][:60]}).")
        try:
            async with httpx2.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
                token = await client.post(
                    f"{self.base}/op/v1/token",
                    data={
                        "grant_type": "authorization_code",
                        "code": answer.get("code", ""),
                        "redirect_uri": self.redirect_uri,
                        "code_verifier": attempt.verifier,
                    },
                    auth=(self.client_id, self.secret),
                )
                keys = await client.get(f"{self.base}/op/v1/keys")
                id_token = token.raise_for_status().json()["id_token"]
                known = KeySet.import_key_set(keys.raise_for_status().json())
        except (httpx2.HTTPError, ValueError, KeyError, JoseError) as problem:
            raise LoginRefused("ACM antwoordt niet zoals het hoort. Probeer het straks opnieuw.") from problem
        return self._checked(id_token, known, attempt)

    def _checked(self, id_token: str, keys: KeySet, attempt: Attempt) -> dict[str, Any]:
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            now=lambda: int(self.clock()),
            iss={"essential": True, "value": f"{self.base}/op"},
            aud={"essential": True, "value": self.client_id},
            nonce={"essential": True, "value": attempt.nonce},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        try:
            found = jwt.decode(id_token, keys, algorithms=["RS256"])
            registry.validate(found.claims)
        except (JoseError, ValueError) as problem:
            raise LoginRefused("Het antwoord van ACM klopt niet. Probeer het straks opnieuw.") from problem
        return dict(found.claims)
