"""Settings of transmitters of security events (OpenID Shared Signals Framework 1.0)."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from gateway.auth.settings import IssuerSettings, LimitSettings
from gateway.settings import SecretRef, Settings

_LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))


def _keys_url(value: str) -> str:
    parts = urlsplit(value)
    if not parts.hostname or not (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    ):
        raise ValueError("keys are fetched over https; http is for localhost only")
    return value


class TransmitterSettings(IssuerSettings):
    """Who may report that sessions are over."""

    audience: Annotated[str, Field(min_length=1, max_length=500)]
    """By which name its events are for this environment; every environment has another one."""

    jwks_uri: Annotated[str, AfterValidator(_keys_url)] | None = None
    """Where its keys are; without it they are found by its metadata (`/.well-known/ssf-configuration`)."""

    authorization: SecretRef | None = None
    """The whole value of the Authorization header that it sends, such as `Bearer ...`, as env:NAME or file:PATH."""

    credential_changes: tuple[Literal["revoke", "delete", "update"], ...] = ("revoke", "delete")
    """Which changes of a credential end the person's sessions; one that is created never does."""


class SignalsSettings(Settings):
    """Security events that are pushed to `/oauth2/signals` (RFC 8935): CAEP session-revoked and credential-change."""

    transmitters: Annotated[tuple[TransmitterSettings, ...], Field(min_length=1)]
    """Whose events count."""

    limit: LimitSettings = LimitSettings(burst=300, every=0.05)
    """How many events one client may push."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [each.issuer for each in self.transmitters]
        if len(set(names)) != len(names):
            raise ValueError("a transmitter is listed twice")
        return self
