"""One environment's ACM while it runs: who it knows, what it handed out, who is logged in."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.acm.capacities import Chosen
from simulator.acm.claims import bent, claims_of
from simulator.acm.clients import Client
from simulator.acm.keys import SigningKeys
from simulator.acm.logins import Logins
from simulator.acm.records import AccessToken, Code, RefreshToken
from simulator.data.people import People
from simulator.faults import Faults
from simulator.faults.revoked import without_revoked


@dataclass(slots=True)
class AcmState:
    """`base` is its URL without path; the issuer is `{base}/op`. `people` gives everybody as they are now."""

    environment: str
    base: str
    clients: tuple[Client, ...]
    people: Callable[[], People]
    clock: Callable[[], float] = time.time
    faults: Faults = field(default_factory=Faults)
    keys: SigningKeys = field(init=False)
    logins: Logins = field(init=False)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, AccessToken] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    assertions: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.people = without_revoked(self.people, self.faults)
        self.keys = SigningKeys(self.clock, self.faults)
        self.logins = Logins(self.clock)

    @property
    def issuer(self) -> str:
        return f"{self.base}/op"

    def client(self, client_id: str) -> Client | None:
        return next((client for client in self.clients if client.client_id == client_id), None)

    def token(self, value: str) -> AccessToken | None:
        """What an access token stands for, while it is valid and its person still exists."""
        found = self.tokens.get(value)
        if found is None or found.expires_at <= self.clock():
            return None
        if found.user is not None and found.user.persona not in self.people().people:
            return None
        return found

    def claims(self, user: Chosen, scope: str) -> dict[str, Any]:
        """The claims that ACM sends of somebody now, with its faults."""
        people = self.people()
        return bent(claims_of(people, user, scope), people, user, self.faults)
