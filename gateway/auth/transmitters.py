"""The transmitters of security events: whose keys sign them, and what a token from one of them says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from gateway.auth.provider import Issuer, Metadata
from gateway.auth.security_events import SecurityEvent, Signal, signals_in
from gateway.auth.signal_settings import SignalsSettings, TransmitterSettings
from gateway.auth.tokens import TokenRefused, claimed_issuer, excerpt
from gateway.events import OnEvent, ignore
from gateway.outgoing.egress import DIRECT, Egress

_MOST_CRITICAL = 16


class Transmitter(Issuer):
    """One transmitter: its metadata is at `/.well-known/ssf-configuration` (SSF 1.0), unless its keys have an address."""

    settings: TransmitterSettings
    critical: tuple[str, ...] = ()
    """The members of complex subjects that must be understood, by its metadata."""

    _authorization: bytes | None = None

    async def start(self) -> None:
        await super().start()
        if self.settings.authorization is not None:
            self._authorization = self.settings.authorization.read()

    def accepts(self, authorization: str | None) -> bool:
        """Whether this Authorization header is the one that was agreed, if one was."""
        if self._authorization is None:
            return True
        return compare_digest((authorization or "").encode("utf-8", "replace"), self._authorization)

    @property
    def metadata_address(self) -> str:
        parts = urlsplit(self.settings.issuer)
        return f"{parts.scheme}://{parts.netloc}/.well-known/ssf-configuration{parts.path.rstrip('/')}"

    async def _fetch_metadata(self) -> None:
        if self.settings.jwks_uri is None:
            await super()._fetch_metadata()
            return
        self._metadata = Metadata(
            "", "", self.settings.jwks_uri, None, None, None, None, issuer_in_response=False
        )
        self._metadata_at = self._steady()

    def _note(self, stated: dict[str, Any]) -> None:
        named = stated.get("critical_subject_members")
        listed = named[:_MOST_CRITICAL] if isinstance(named, list) else []
        self.critical = tuple(each for each in listed if isinstance(each, str))


@dataclass(frozen=True, slots=True)
class Received:
    """A token that was checked: who sent it, its id (`jti`), its events, and how many seconds the sender's clock is ahead."""

    transmitter: str
    id: str
    signals: tuple[Signal, ...]
    ahead: float


class Transmitters:
    """The transmitters of one environment by issuer (`known`), whose people are those of the issuer `provider`."""

    def __init__(
        self,
        settings: SignalsSettings,
        provider: str,
        *,
        clock: Callable[[], float],
        steady: Callable[[], float],
        on_event: OnEvent = ignore,
        egress: Egress = DIRECT,
    ) -> None:
        self.limit = settings.limit
        self._provider = provider
        self.known = {
            each.issuer: Transmitter(each, clock=clock, steady=steady, on_event=on_event, egress=egress)
            for each in settings.transmitters
        }

    async def start(self) -> None:
        """Read what authorizes them. Raises ValueError with a message for operators."""
        for each in self.known.values():
            await each.start()

    async def aclose(self) -> None:
        """Close all connections to them."""
        for each in self.known.values():
            await each.aclose()

    async def read(self, token: str, authorization: str | None) -> Received:
        """Verify a token. Raises TokenRefused, and ProviderUnavailable where the keys are not to be had."""
        issuer = claimed_issuer(token)
        if issuer is None:
            raise TokenRefused("malformed", "no signed JWT with an issuer")
        transmitter = self.known.get(issuer)
        if transmitter is None:
            raise TokenRefused("issuer", f"issued by {excerpt(issuer)}, which `signals.transmitters` lacks")
        if not transmitter.accepts(authorization):
            raise TokenRefused("authentication", f"{issuer}: another Authorization header than was agreed")
        settings = transmitter.settings
        expected = SecurityEvent(
            issuer=issuer,
            audience=settings.audience,
            algorithms=settings.algorithms,
            leeway=settings.leeway,
        )
        claims = await transmitter.verified(token, expected)
        found = signals_in(claims, self._provider, settings.credential_changes, transmitter.critical)
        ahead = transmitter.clock_difference or 0.0
        return Received(
            issuer, claims["jti"], tuple(found), max(-settings.leeway, min(settings.leeway, ahead))
        )
