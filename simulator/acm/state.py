"""What the simulated ACM remembers while it runs: keys, codes, tokens, sessions, and who is in the middle of a login."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from joserfc.jwk import RSAKey

from simulator.acm.clients import Client
from simulator.data.people import People
from simulator.faults import Faults

CODE_SECONDS = 30
TOKEN_SECONDS = 3600
SSO_SECONDS = 7200


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who somebody chose to be: a persona, and the organisation that they act for."""

    persona: str
    organisation: str | None


@dataclass(slots=True)
class Code:
    """An authorization code, in the form that authlib's server grants ask for."""

    code: str
    client_id: str
    redirect_uri: str
    scope: str
    user: Chosen
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    auth_time: int
    expires_at: float

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int | None:
        return None  # ACM sends no auth_time

    def get_acr(self) -> str | None:
        return None  # only where acr_values was sent

    def get_amr(self) -> list[str] | None:
        return None


@dataclass(frozen=True, slots=True)
class Token:
    client_id: str
    scope: str
    user: Chosen
    expires_at: float


def new_key() -> RSAKey:
    """A signing key with a random key id."""
    return RSAKey.generate_key(
        2048, parameters={"kid": secrets.token_hex(8), "use": "sig", "alg": "RS256"}, private=True
    )


@dataclass(slots=True)
class AcmState:
    """One environment's ACM. `base` is its URL without path; the issuer is `{base}/op`."""

    environment: str
    base: str
    clients: tuple[Client, ...]
    people: Callable[[], People]
    clock: Callable[[], float] = time.time
    faults: Faults = field(default_factory=Faults)
    key: RSAKey = field(default_factory=new_key)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    assertions: dict[str, float] = field(default_factory=dict)
    pending: dict[str, dict[str, Any]] = field(default_factory=dict)
    browsers: dict[str, tuple[str, float]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"{self.base}/op"

    def client(self, client_id: str) -> Client | None:
        return next((client for client in self.clients if client.client_id == client_id), None)

    def claims(self, user: Chosen, scope: str) -> dict[str, Any]:
        """The claims of a person, only for the scopes that were granted (ACM page "scopes en claims")."""
        people = self.people()
        person = people.people[user.persona]
        scopes = frozenset(scope.split())
        claims: dict[str, Any] = {"sub": person.sub}
        if "profile" in scopes:
            claims |= {"given_name": person.given_name, "family_name": person.family_name}
        if "rrn" in scopes:
            claims["rrn"] = person.number
        relation = next(
            (each for each in people.relations(user.persona) if each.organisation.code == user.organisation),
            None,
        )
        if relation is not None and "vo" in scopes:
            claims |= {
                "vo_id": person.vo_id,
                "vo_doelgroepcode": relation.organisation.doelgroep,
                "vo_orgcode": relation.organisation.code,
                "vo_orgnaam": relation.organisation.name,
                "vo_email": relation.email,
            }
        if relation is not None and "phone" in scopes:
            claims["phone_number"] = relation.phone
        if user.organisation is not None:
            claims |= people.role_claims(user.persona, user.organisation, scopes)
        return claims
