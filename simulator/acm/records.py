"""What ACM remembers of what it handed out: codes, access tokens, refresh tokens. Times are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.acm.capacities import Chosen
from simulator.acm.clients import Client

CODE_SECONDS: Final = 30
TOKEN_SECONDS: Final = 3600
# ACM limits for how long tokens can be refreshed, but does not publish the limit: this one is a guess.
REFRESH_SECONDS: Final = 12 * 3600


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, in the form that authlib's server grants ask for. `acr` only where it was asked for."""

    code: str
    client_id: str
    redirect_uri: str
    scope: str
    user: Chosen
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    acr: str | None
    expires_at: float

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What an opaque access token stands for. `user` is None for machines, `actor` is who acts for the user."""

    client_id: str
    scope: str
    user: Chosen | None
    audience: str
    issued_at: float
    expires_at: float
    actor: str | None = None

    # What authlib's introspection asks of a token: expired ones are not even found.

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token; its window begins at the login and stays when it is replaced."""

    client_id: str
    scope: str
    user: Chosen
    window_ends: float

    def check_client(self, client: Client) -> bool:
        return client.client_id == self.client_id

    def get_scope(self) -> str:
        return self.scope
