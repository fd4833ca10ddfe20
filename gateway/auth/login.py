"""Logins at the provider (OIDC Core 3.1: code flow with PKCE S256, state and nonce), and refreshing them later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog
from cachetools import TTLCache

from gateway.auth.callback import check_issuer, code_of, read_callback
from gateway.auth.claims import identity_from
from gateway.auth.client import Client
from gateway.auth.flow import LONGEST_TARGET, Flow, FlowCookies, LoginIntent
from gateway.auth.grants import Grants, TokenResponse, text_of
from gateway.auth.provider import Metadata, Provider
from gateway.auth.settings import ClaimSettings, RightsSettings
from gateway.auth.tokens import IdToken, TokenRefused
from gateway.auth.userinfo import with_userinfo
from gateway.errors import LoginFailed
from gateway.model import Identity, Tokens
from gateway.plan import LoginAgain

log = structlog.get_logger()
# An ID token that comes with a code was issued for it: one that seems older than this shows that a clock is wrong.
_FRESH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class LoginRedirect:
    """Where the browser goes to log in, and the values of Set-Cookie for it."""

    location: str
    set_cookies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoginResult:
    """Who logged in, with which tokens. `set_cookies` clear the flow's cookie.

    `target` is the path to go on to; None where it was too long to be kept. If the `intent` is silent, nobody chose this
    identity just now.
    """

    identity: Identity
    tokens: Tokens
    target: str | None
    set_cookies: tuple[str, ...]
    intent: LoginIntent


class FirstUse(Protocol):
    """Whether a value of some kind is used for the first time in this many seconds, over all processes."""

    async def __call__(self, kind: str, value: str, *, seconds: float) -> bool:
        """True for the first use. Raises StoreUnavailable."""


class Targets(Protocol):
    """Keeps targets that are too long to travel with a login."""

    async def keep(self, target: str, *, client: str) -> str | None:
        """A name to find it by, or None where there is no room. Raises StoreUnavailable."""

    async def find(self, name: str) -> str | None:
        """The target of this name, while the login may last. Raises StoreUnavailable."""


class Login:
    """Logins of one environment at one provider.

    `keys` reads those for login flows, the one for new flows first. `first_use` keeps a login from being finished twice, in two processes; `targets` keeps long targets. `clock` gives seconds since the epoch, `steady`
    never goes back.
    """

    def __init__(
        self,
        provider: Provider,
        claims: ClaimSettings,
        rights: RightsSettings,
        *,
        environment: str,
        public_url: str,
        keys: Callable[[], Sequence[bytes]],
        clock: Callable[[], float],
        steady: Callable[[], float] = time.monotonic,
        first_use: FirstUse | None = None,
        targets: Targets | None = None,
    ) -> None:
        self._provider = provider
        self._claims = claims
        self._rights = rights
        self._environment = environment
        self._secure = public_url.startswith("https://")
        self._read_keys = keys
        self._clock = clock
        self._grants = Grants(provider, f"{public_url}/oauth2/callback")
        self._flows: FlowCookies | None = None
        self._first_use = first_use
        self._targets = targets
        self._used: TTLCache[str, bool] = TTLCache(100_000, provider.settings.flow_lifetime, timer=steady)

    async def start(self) -> None:
        """Read the keys. Raises ValueError with a message for operators."""
        self.use_keys(self._read_keys())
        await asyncio.to_thread(self._grants.load)

    def use_keys(self, keys: Sequence[bytes]) -> None:
        """Seal logins with the first of these keys from now on; logins under any of them can be finished."""
        self._flows = FlowCookies(
            environment=self._environment,
            keys=keys,
            secure=self._secure,
            lifetime=self._provider.settings.flow_lifetime,
        )

    @property
    def client(self) -> Client:
        """The gateway as a client of the provider."""
        return self._grants.client

    async def aclose(self) -> None:
        """Forget which logins were finished."""
        self._used.clear()

    async def begin(
        self,
        target: str,
        cookies: Mapping[str, str],
        *,
        language: str | None = None,
        acr_values: Sequence[str] = (),
        login_hint: str | None = None,
        client: str = "",
        attempt: int = 0,
        silent: bool = False,
        rounds: int = 0,
        had: str = "",
    ) -> LoginRedirect:
        """Begin a login that comes back to `target`, a safe path of this site.

        `acr_values` asks for some of the accepted authentication methods; others in it are ignored. `client` is the
        network address of the browser. With `silent` the provider shows no page (OIDC Core 3.1.2.1, `prompt=none`). Raises ProviderUnavailable, StoreUnavailable, and LoginFailed if the provider
        refuses a pushed authorization request.
        """
        metadata = await self._provider.metadata()
        flows = self._ready()
        kept = ""
        if len(target) > LONGEST_TARGET:
            kept = (await self._targets.keep(target, client=client) if self._targets else None) or ""
            target = ""
        methods = self._methods(acr_values)
        flow = flows.begin(
            LoginIntent(target, self._clock(), kept, methods, login_hint, attempt, silent, rounds, had)
        )
        max_age = self._provider.settings.max_age
        extra = {
            **({"ui_locales": language} if language else {}),
            **self._provider.settings.authorization_parameters,
            **({"acr_values": " ".join(methods)} if methods else {}),
            **({"login_hint": login_hint} if login_hint else {}),
            **({"prompt": "none"} if silent else {}),
            **({"max_age": str(int(max_age))} if max_age is not None else {}),
        }
        location = await self._grants.authorization_url(
            metadata, state=flow.state, nonce=flow.nonce, verifier=flow.verifier, extra=extra
        )
        cleared = [flows.clear_cookie(flow_id) for flow_id in flows.surplus(cookies)]
        return LoginRedirect(location, (flows.set_cookie(flow), *cleared))

    async def finish(self, query: str, cookies: Mapping[str, str]) -> LoginResult:
        """Finish a login by the query of its callback and the browser's cookies.

        Raises LoginFailed with a stable reason (its facts have `target` if this browser began the login, and `silent` if
        the provider was to show no page), ProviderUnavailable, StoreUnavailable.
        """
        parameters = read_callback(query)
        state = parameters.get("state")
        if not state:
            raise LoginFailed("state-missing")
        flows = self._ready()
        flow = flows.open(state, cookies)
        try:
            if flow is None:
                raise LoginFailed("flow-unknown", "no cookie of this browser belongs to the state")
            await self._check(flow)
            return await self._finish(flow, parameters)
        except LoginFailed as failure:
            failure.again = await self._again(state)
            if flow is not None and failure.again is not None:
                failure.facts["target"] = failure.again.target or "/"
            intent = flows.read(state)
            if intent is not None and intent.silent:
                failure.facts["silent"] = True
            raise

    async def renew(self, identity: Identity, tokens: Tokens) -> tuple[Identity, Tokens] | None:
        """Refresh a login (OIDC Core 12): who the person is by now, and the tokens from now on.

        None where only a new login can tell. Raises ProviderUnavailable.
        """
        if tokens.refresh_token is None:
            return None
        metadata = await self._provider.metadata()
        try:
            response = await self._grants.refresh(metadata, tokens.refresh_token)
            return await self._renewed(metadata, response, identity, tokens) if response is not None else None
        except (LoginFailed, TokenRefused) as refusal:
            log.warning(
                "the answer to a refresh proves nothing", reason=refusal.reason, detail=refusal.detail
            )
            return None

    @property
    def known_methods(self) -> frozenset[str]:
        """The authentication methods that can be asked for, as URNs (`acr`)."""
        settings = self._provider.settings
        return frozenset((*settings.levels, *settings.accepted_methods))

    def _methods(self, wanted: Sequence[str]) -> tuple[str, ...]:
        accepted = self._provider.settings.accepted_methods
        known = accepted or tuple(self._provider.settings.levels)
        return tuple(urn for urn in known if urn in wanted) or accepted

    async def _check(self, flow: Flow) -> None:
        """Raise LoginFailed for a login that took too long, or that was finished before."""
        if self._ready().expired(flow, self._clock()):
            raise LoginFailed("flow-expired")
        if flow.id in self._used:
            raise LoginFailed("flow-used")
        self._used[flow.id] = True
        lifetime = self._provider.settings.flow_lifetime
        if self._first_use is not None and not await self._first_use("flow", flow.state, seconds=lifetime):
            raise LoginFailed("flow-used")

    async def _again(self, state: str) -> LoginAgain | None:
        intent = self._ready().read(state)
        if intent is None:
            # Sealed with a key that is gone, as after a restart with a new one.
            return LoginAgain() if self._ready().is_state(state) else None
        target = await self._target(intent)
        return LoginAgain(target, intent.acr_values, intent.hint, intent.attempt, intent.rounds)

    async def _target(self, intent: LoginIntent) -> str | None:
        if intent.kept and self._targets is not None:
            return await self._targets.find(intent.kept)
        return intent.target or None

    async def _finish(self, flow: Flow, parameters: Mapping[str, str]) -> LoginResult:
        metadata = await self._provider.metadata()
        settings = self._provider.settings
        check_issuer(parameters, settings.issuer, required=metadata.issuer_in_response)
        response = await self._grants.redeem_code(metadata, code=code_of(parameters), verifier=flow.verifier)
        if response.id_token is None:
            raise LoginFailed("token-answer-malformed", "no id_token in the answer")
        expected = self._expected(
            response, nonce=flow.nonce, acr_values=flow.intent.acr_values, max_age=settings.max_age
        )
        try:
            claims = await self._provider.verified(response.id_token, expected)
        except TokenRefused as refusal:
            raise self._refused(refusal) from refusal
        if settings.userinfo:
            claims = await with_userinfo(claims, self._provider, metadata, response.access_token)
        identity = identity_from(claims, self._claims, self._rights, now=self._clock())
        tokens = replace(_tokens(response, claims), nonce=flow.nonce)
        target, cleared = await self._target(flow.intent), (self._ready().clear_cookie(flow.id),)
        return LoginResult(identity, tokens, target, cleared, flow.intent)

    async def _renewed(
        self, metadata: Metadata, response: TokenResponse, identity: Identity, tokens: Tokens
    ) -> tuple[Identity, Tokens]:
        settings = self._provider.settings
        claims: Mapping[str, Any] = {"iss": settings.issuer, "sub": identity.subject}
        if response.id_token is not None:
            expected = self._expected(response, first_nonce=tokens.nonce)
            claims = await self._provider.verified(response.id_token, expected)
            if claims["sub"] != identity.subject:
                raise LoginFailed("id-token-subject")
        if settings.userinfo or response.id_token is None:
            claims = await with_userinfo(claims, self._provider, metadata, response.access_token)
        found = identity_from(claims, self._claims, self._rights, now=self._clock())
        if found.acts_as != identity.acts_as:
            # Nobody chose it: a form that is being filled in would be sent for another organisation.
            raise LoginFailed("other-identity", "the same person, for another organisation or doelgroep")
        if found.faults and found.faults != identity.faults:
            unread = [f"{each.claim}: {each.fault}" for each in found.faults]
            log.warning("claims could not be read", unread=unread)
        # A refresh is not a new login: when and how the person authenticated stays the same.
        renewed = replace(found, authenticated_at=identity.authenticated_at, acr=found.acr or identity.acr)
        return renewed, _tokens(response, claims, before=tokens)

    def _expected(
        self,
        response: TokenResponse,
        *,
        nonce: str | None = None,
        first_nonce: str | None = None,
        acr_values: tuple[str, ...] = (),
        max_age: float | None = None,
    ) -> IdToken:
        settings = self._provider.settings
        return IdToken(
            issuer=settings.issuer,
            audience=settings.client_id,
            algorithms=settings.algorithms,
            leeway=settings.leeway,
            nonce=nonce,
            first_nonce=first_nonce,
            access_token=response.access_token,
            acr_values=acr_values,
            max_age=max_age,
        )

    def _refused(self, refusal: TokenRefused) -> LoginFailed:
        """The failure for a refused ID token; `clock-skew` where the two clocks explain the refusal."""
        difference = refusal.difference
        leeway = self._provider.settings.leeway
        if difference is not None and -_FRESH_SECONDS - leeway <= difference <= leeway:
            # Just issued, yet outside its times: the Date of the provider's responses may show a wrong clock.
            difference = self._provider.clock_difference
        if difference is None or abs(difference) <= leeway:
            reason = f"id-token-{refusal.reason}"
            return LoginFailed(reason, f"{reason}: {refusal.detail}")
        seconds = round(difference)
        return LoginFailed(
            "clock-skew", f"{refusal.detail}: the provider's clock is {seconds} s ahead", seconds=seconds
        )

    def _ready(self) -> FlowCookies:
        if self._flows is None:
            raise RuntimeError("Login.start() comes first")
        return self._flows


def _tokens(response: TokenResponse, claims: Mapping[str, Any], *, before: Tokens | None = None) -> Tokens:
    """The tokens to keep: what a refresh leaves out stays as it was `before`."""
    return Tokens(
        access_token=response.access_token,
        refresh_token=response.refresh_token or (before.refresh_token if before else None),
        id_token=response.id_token or (before.id_token if before else None),
        expires_at=response.expires_at,
        sid=text_of(claims, "sid") or (before.sid if before else None),
        nonce=before.nonce if before else None,
    )
