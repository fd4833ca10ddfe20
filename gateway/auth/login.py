"""A login from its start to an Identity (OIDC Core 3.1, code flow with PKCE S256, state and nonce).

It decides whether a callback proves who somebody is; it knows nothing of sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import structlog
from cachetools import TTLCache

from gateway.auth.claims import identity_from
from gateway.auth.exchange import Exchange
from gateway.auth.flow import Flow, FlowCookies
from gateway.auth.provider import Metadata, Provider
from gateway.auth.settings import ClaimSettings, RightsSettings
from gateway.auth.tokens import IdToken, TokenRefused
from gateway.errors import LoginFailed
from gateway.model import Identity, Tokens

log = structlog.get_logger()
_SINGLE = ("code", "state", "iss", "error")
_LONGEST_QUERY = 8_192


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes to log in, and the cookies that it takes along."""

    location: str
    set_cookies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """Who logged in, what the provider handed out, where they wanted to go, and the cookies to take away."""

    identity: Identity
    tokens: Tokens
    target: str
    set_cookies: tuple[str, ...]


class Login:
    """Logins of one environment at one provider."""

    def __init__(
        self,
        provider: Provider,
        claims: ClaimSettings,
        rights: RightsSettings,
        *,
        environment: str,
        public_url: str,
        key: Callable[[], bytes],
        clock: Callable[[], float],
    ) -> None:
        self._provider = provider
        self._claims = claims
        self._rights = rights
        self._environment = environment
        self._secure = public_url.startswith("https://")
        self._key = key
        self._clock = clock
        self._exchange = Exchange(provider, f"{public_url}/oauth2/callback")
        self._flows: FlowCookies | None = None
        lifetime = provider.settings.flow_lifetime
        self._used: TTLCache[str, bool] = TTLCache(100_000, lifetime, timer=clock)

    async def start(self) -> None:
        """Read the keys. Raises ValueError with words for an operator."""
        self._flows = FlowCookies(
            environment=self._environment,
            key=self._key(),
            secure=self._secure,
            lifetime=self._provider.settings.flow_lifetime,
        )
        self._exchange.load()

    async def aclose(self) -> None:
        """Forget which flows were used."""
        self._used.clear()

    async def begin(
        self,
        target: str,
        cookies: Mapping[str, str],
        *,
        language: str | None = None,
        acr_values: Sequence[str] = (),
    ) -> Begun:
        """Begin a login that comes back to `target`, a safe path of this site.

        `acr_values` asks for some of the ways to log in that are accepted here; what is not accepted does not count.
        Raises ProviderUnavailable.
        """
        metadata = await self._provider.metadata()
        flows = self._ready()
        flow = flows.begin(target, self._clock(), acr_values=self._means(acr_values))
        max_age = self._provider.settings.max_age
        location = self._exchange.authorization_url(
            metadata,
            state=flow.state,
            nonce=flow.nonce,
            verifier=flow.verifier,
            **({"ui_locales": language} if language else {}),
            **({"acr_values": " ".join(flow.acr_values)} if flow.acr_values else {}),
            **({"max_age": str(int(max_age))} if max_age is not None else {}),
        )
        cleared = [flows.clear_cookie(flow_id) for flow_id in flows.surplus(cookies)]
        return Begun(location, (flows.set_cookie(flow), *cleared))

    def _means(self, wanted: Sequence[str]) -> tuple[str, ...]:
        accepted = self._provider.settings.accepted_means
        known = accepted or tuple(self._provider.settings.levels)
        return tuple(urn for urn in known if urn in wanted) or accepted

    async def finish(self, query: str, cookies: Mapping[str, str]) -> Finished:
        """Judge a callback by its query and the browser's own cookies.

        Raises LoginFailed with a stable reason (and `target` in its facts once the flow is known), or
        ProviderUnavailable.
        """
        parameters = _parameters(query)
        flow = self._flow(parameters, cookies)
        try:
            return await self._prove(flow, parameters)
        except LoginFailed as failure:
            failure.facts.setdefault("target", flow.target)
            raise

    def _flow(self, parameters: Mapping[str, str], cookies: Mapping[str, str]) -> Flow:
        state = parameters.get("state")
        if not state:
            raise LoginFailed("state-missing")
        flows = self._ready()
        flow = flows.open(state, cookies)
        if flow is None:
            raise LoginFailed("flow-unknown", "no cookie of this browser belongs to the state")
        if flows.expired(flow, self._clock()):
            raise LoginFailed("flow-expired", target=flow.target)
        if flow.id in self._used:
            raise LoginFailed("flow-used", target=flow.target)
        self._used[flow.id] = True
        return flow

    async def _prove(self, flow: Flow, parameters: Mapping[str, str]) -> Finished:
        metadata = await self._provider.metadata()
        self._check_issuer(metadata, parameters)
        if "error" in parameters:
            reason = "access-denied" if parameters["error"] == "access_denied" else "provider-refused"
            raise LoginFailed(reason, f"callback: {parameters['error'][:60]!r}")
        code = parameters.get("code")
        if not code:
            raise LoginFailed("code-missing")
        answer = await self._exchange.redeem(metadata, code=code, verifier=flow.verifier)
        access_token, id_token = _text(answer, "access_token"), _text(answer, "id_token")
        if str(answer.get("token_type", "")).lower() != "bearer":
            raise LoginFailed("token-answer-malformed", "the token type is not Bearer")
        settings = self._provider.settings
        expected = IdToken(
            issuer=settings.issuer,
            audience=settings.client_id,
            algorithms=settings.algorithms,
            leeway=settings.leeway,
            nonce=flow.nonce,
            access_token=access_token,
            acr_values=flow.acr_values,
            max_age=settings.max_age,
        )
        try:
            claims = await self._provider.verified(id_token, expected)
        except TokenRefused as refusal:
            raise LoginFailed(f"id-token-{refusal.reason}") from refusal
        now = self._clock()
        identity = identity_from(claims, self._claims, self._rights, now=now)
        refresh = answer.get("refresh_token")
        tokens = Tokens(
            access_token=access_token,
            refresh_token=refresh if isinstance(refresh, str) and refresh else None,
            id_token=id_token,
            expires_at=_expiry(answer.get("expires_in"), now),
        )
        return Finished(identity, tokens, flow.target, (self._ready().clear_cookie(flow.id),))

    def _check_issuer(self, metadata: Metadata, parameters: Mapping[str, str]) -> None:
        issuer = parameters.get("iss")
        if issuer is None and not metadata.issuer_in_response:
            return
        if issuer != self._provider.settings.issuer:
            raise LoginFailed("issuer-mismatch", "the iss parameter of the callback (RFC 9207)")

    def _ready(self) -> FlowCookies:
        if self._flows is None:
            raise RuntimeError("Login.start() comes first")
        return self._flows


def _parameters(query: str) -> dict[str, str]:
    if len(query) > _LONGEST_QUERY:
        raise LoginFailed("callback-malformed", "the query is too long")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50, encoding="utf-8", errors="strict")
    except (ValueError, UnicodeDecodeError) as problem:
        raise LoginFailed("callback-malformed", "the query cannot be read") from problem
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in _SINGLE and name in found:
            raise LoginFailed("parameter-repeated", f"{name} stands twice in the callback")
        found[name] = value
    if "code" in found and "error" in found:
        raise LoginFailed("callback-malformed", "both code and error")
    return found


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise LoginFailed("token-answer-malformed", f"no {name} in the answer")
    return value


def _expiry(seconds: Any, now: float) -> float | None:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < 1e9:
        return None
    return now + float(seconds)
