"""A login from its start to an Identity (OIDC Core 3.1, code flow with PKCE S256, state and nonce).

It decides whether a callback proves who somebody is; it knows nothing of sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from cachetools import TTLCache

from gateway.auth.callback import check_issuer, code_of, read_callback
from gateway.auth.claims import identity_from
from gateway.auth.exchange import Exchange, expiry, text_of
from gateway.auth.flow import Flow, FlowCookies
from gateway.auth.provider import Provider
from gateway.auth.settings import ClaimSettings, RightsSettings
from gateway.auth.tokens import IdToken, TokenRefused
from gateway.auth.userinfo import with_userinfo
from gateway.errors import LoginFailed
from gateway.model import Identity, Tokens

log = structlog.get_logger()
# An ID token that comes with a code was made for it: how old it may be before its age tells of a clock.
_FRESH = 60.0


@dataclass(frozen=True, slots=True)
class LoginRedirect:
    """Where the browser goes to log in, and the cookies that it takes along."""

    location: str
    set_cookies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoginResult:
    """Who logged in, what the provider handed out, where they wanted to go, and the cookies to take away."""

    identity: Identity
    tokens: Tokens
    target: str
    set_cookies: tuple[str, ...]


class Once(Protocol):
    """Whether a value is named for the first time in so many seconds, in all processes together."""

    async def __call__(self, kind: str, value: str, *, seconds: float) -> bool:
        """Raises StoreUnavailable where that cannot be known."""


class Login:
    """Logins of one environment at one provider. `once` keeps a login from being finished in two processes."""

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
        once: Once | None = None,
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
        self._once = once
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
        login_hint: str | None = None,
    ) -> LoginRedirect:
        """Begin a login that comes back to `target`, a safe path of this site.

        `acr_values` asks for some of the ways to log in that are accepted here; what is not accepted does not count.
        Raises ProviderUnavailable, or LoginFailed where the provider refuses the request that is pushed to it.
        """
        metadata = await self._provider.metadata()
        flows = self._ready()
        flow = flows.begin(target, self._clock(), acr_values=self._means(acr_values))
        max_age = self._provider.settings.max_age
        location = await self._exchange.authorization_url(
            metadata,
            state=flow.state,
            nonce=flow.nonce,
            verifier=flow.verifier,
            **({"ui_locales": language} if language else {}),
            **({"acr_values": " ".join(flow.acr_values)} if flow.acr_values else {}),
            **({"login_hint": login_hint} if login_hint else {}),
            **({"max_age": str(int(max_age))} if max_age is not None else {}),
        )
        cleared = [flows.clear_cookie(flow_id) for flow_id in flows.surplus(cookies)]
        return LoginRedirect(location, (flows.set_cookie(flow), *cleared))

    @property
    def known_means(self) -> frozenset[str]:
        """The ways to log in that can be asked for, as URNs."""
        settings = self._provider.settings
        return frozenset((*settings.levels, *settings.accepted_means))

    def _means(self, wanted: Sequence[str]) -> tuple[str, ...]:
        accepted = self._provider.settings.accepted_means
        known = accepted or tuple(self._provider.settings.levels)
        return tuple(urn for urn in known if urn in wanted) or accepted

    async def finish(self, query: str, cookies: Mapping[str, str]) -> LoginResult:
        """Judge a callback by its query and the browser's own cookies.

        Raises LoginFailed with a stable reason (and `target` in its facts once the flow is known), or
        ProviderUnavailable.
        """
        parameters = read_callback(query)
        flow = await self._flow(parameters, cookies)
        try:
            return await self._prove(flow, parameters)
        except LoginFailed as failure:
            failure.facts.setdefault("target", flow.target)
            raise

    async def _flow(self, parameters: Mapping[str, str], cookies: Mapping[str, str]) -> Flow:
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
        lifetime = self._provider.settings.flow_lifetime
        if self._once is not None and not await self._once("flow", flow.state, seconds=lifetime):
            raise LoginFailed("flow-used", target=flow.target)
        return flow

    async def _prove(self, flow: Flow, parameters: Mapping[str, str]) -> LoginResult:
        metadata = await self._provider.metadata()
        settings = self._provider.settings
        check_issuer(parameters, settings.issuer, required=metadata.issuer_in_response)
        code = code_of(parameters)
        answer = await self._exchange.redeem(metadata, code=code, verifier=flow.verifier)
        access_token, id_token = _text(answer, "access_token"), _text(answer, "id_token")
        if str(answer.get("token_type", "")).lower() != "bearer":
            raise LoginFailed("token-answer-malformed", "the token type is not Bearer")
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
            raise self._refused(refusal) from refusal
        if settings.userinfo:
            claims = await with_userinfo(claims, self._provider, metadata, access_token)
        now = self._clock()
        identity = identity_from(claims, self._claims, self._rights, now=now)
        tokens = Tokens(
            access_token=access_token,
            refresh_token=text_of(answer, "refresh_token"),
            id_token=id_token,
            expires_at=expiry(answer.get("expires_in"), now),
            sid=text_of(claims, "sid"),
        )
        return LoginResult(identity, tokens, flow.target, (self._ready().clear_cookie(flow.id),))

    def _refused(self, refusal: TokenRefused) -> LoginFailed:
        """Why a token is refused; where its times are what is wrong, whose clock tells."""
        difference = refusal.difference
        leeway = self._provider.settings.leeway
        if difference is not None and -_FRESH - leeway <= difference <= leeway:
            # Issued just now, yet its times do not hold: the head of the provider's answers may tell more.
            difference = self._provider.clock_difference
        if difference is None or abs(difference) <= leeway:
            return LoginFailed(f"id-token-{refusal.reason}")
        seconds = round(difference)
        return LoginFailed(
            "clock-skew", f"{refusal.reason}: the provider's clock is {seconds} s ahead", seconds=seconds
        )

    def _ready(self) -> FlowCookies:
        if self._flows is None:
            raise RuntimeError("Login.start() comes first")
        return self._flows


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise LoginFailed("token-answer-malformed", f"no {name} in the answer")
    return value
