"""Checks from outside whether logins at the provider can work, before anybody logs in.

Each check says what it found and, if something is wrong, what to do. The running gateway uses none of this.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx2

from gateway.auth.client import Client
from gateway.auth.grants import Grants
from gateway.auth.introspection import Introspection
from gateway.auth.provider import Issuer, Metadata, Provider, as_object
from gateway.auth.settings import MachineSettings
from gateway.auth.tokens import TokenRefused, fits
from gateway.auth.transport import ResponseRefused
from gateway.doctor.advice import advice, advice_on_response
from gateway.doctor.check_result import CheckResult
from gateway.errors import LoginFailed, ProviderUnavailable
from gateway.outgoing.egress import DIRECT, Egress
from gateway.outgoing.failure import failure_of


class ProviderCheckup:
    """The checks of one provider, which must be started. `redirect_uri` is where it sends browsers back to.

    `egress` is how the provider is reached.
    """

    def __init__(self, provider: Provider, *, redirect_uri: str, egress: Egress = DIRECT) -> None:
        self._provider = provider
        self._egress = egress
        self._redirect_uri = redirect_uri
        settings = provider.settings
        self._client = Client(provider, settings.client_id, settings.client_auth)
        self._grants = Grants(provider, redirect_uri)

    async def findings(self, machines: MachineSettings | None = None) -> AsyncIterator[CheckResult]:
        """One finding for each check. Later checks need the earlier ones."""
        try:
            metadata = await self._provider.metadata()
        except ProviderUnavailable as problem:
            yield self._failed("discovery", self._provider.settings.issuer, problem)
            for name in ("keys", "clock", "client", "redirect-uri", "scopes"):
                yield CheckResult(name, "skipped", "without discovery there is no address to ask")
            return
        yield CheckResult(
            "discovery",
            "ok",
            f"{self._provider.settings.issuer} names itself as issuer, with all endpoints on its own host",
        )
        if self._egress.proxy is not None:
            through = self._egress.passes_proxy(self._provider.settings.issuer)
            how = "through" if through else "past"
            says = f"the provider is reached {how} {self._egress.proxy} ({self._egress.origin})"
            yield CheckResult("proxy", "ok", says)
        yield await self._keys(metadata)
        yield self._clock()
        yield self._endpoints(metadata)
        yield await self._asked("client", self._authentication, metadata)
        for finding in await self._authorization(metadata):
            yield finding
        if machines is not None:
            async for finding in self._machines(machines):
                yield finding

    def _failed(self, check: str, url: str, problem: ProviderUnavailable) -> CheckResult:
        """A check that got no answer from this address, or none that can be used."""
        if problem.answered is not None:
            return CheckResult(check, "failed", problem.detail, advice_on_response(problem.answered), "http")
        cause = problem.__cause__
        if isinstance(cause, ResponseRefused) or cause is None:
            return CheckResult(check, "failed", problem.detail, advice_on_response(None), "answer")
        kind, says = failure_of(cause)
        do = advice(kind, "provider", url, self._egress)
        return CheckResult(check, "failed", f"{urlsplit(url).netloc}: {says}", do, kind)

    async def _keys(self, metadata: Metadata) -> CheckResult:
        algorithms = self._provider.settings.algorithms
        try:
            keys = await self._provider.keys()
        except ProviderUnavailable as problem:
            if problem.__cause__ is not None and not isinstance(problem.__cause__, ResponseRefused):
                return self._failed("keys", metadata.jwks_uri, problem)
            do = f"nobody can log in until the provider publishes its keys at {metadata.jwks_uri}: ask its operator"
            return CheckResult(
                "keys", "failed", problem.detail, do, "answer" if problem.answered is None else "http"
            )
        fitting = sum(any(fits(key, algorithm) for algorithm in algorithms) for key in keys)
        if not fitting:
            says = f"none of the provider's {len(keys)} keys is for {', '.join(algorithms)}"
            do = "correct provider.algorithms: every ID token would be refused (id-token-algorithm or id-token-key-unknown)"
            return CheckResult("keys", "failed", says, do)
        return CheckResult("keys", "ok", f"{fitting} of the provider's keys can be used")

    def _clock(self) -> CheckResult:
        difference, leeway = self._provider.clock_difference, self._provider.settings.leeway
        if difference is None:
            return CheckResult(
                "clock", "warning", "the provider's answers carry no date", "compare the clocks yourself"
            )
        says = f"the provider's clock is {round(difference):+d} s from ours (up to {leeway:.0f} s is allowed)"
        do = "synchronise this machine with a time server (NTP)"
        if abs(difference) > leeway:
            return CheckResult("clock", "failed", says, do)
        # The date has whole seconds, and the response took time.
        return CheckResult("clock", "warning" if abs(difference) > max(2.0, leeway / 2) else "ok", says, do)

    def _endpoints(self, metadata: Metadata) -> CheckResult:
        settings = self._provider.settings
        if settings.pushed_authorization and metadata.pushed_authorization_request_endpoint is None:
            do = "set provider.pushed_authorization to false, or ask the provider for PAR"
            return CheckResult(
                "endpoints", "failed", "the provider has no endpoint for pushed authorization requests", do
            )
        if settings.userinfo and metadata.userinfo_endpoint is None:
            return CheckResult(
                "endpoints",
                "failed",
                "the provider has no userinfo endpoint",
                "set provider.userinfo to false",
            )
        if metadata.end_session_endpoint is None:
            do = "people who log out stay logged in at the provider: inform them"
            return CheckResult("endpoints", "warning", "the provider has no logout endpoint", do)
        return CheckResult("endpoints", "ok", "the provider has all endpoints that the settings need")

    async def _asked(
        self, check: str, ask: Callable[[Metadata], Awaitable[CheckResult]], metadata: Metadata
    ) -> CheckResult:
        try:
            return await ask(metadata)
        except ProviderUnavailable as problem:
            return self._failed(check, metadata.token_endpoint, problem)

    async def _authentication(self, metadata: Metadata) -> CheckResult:
        """Sends a code that cannot exist: the provider refuses the code if it accepts the client, otherwise the client."""
        settings = self._provider.settings
        try:
            await asyncio.to_thread(self._client.load)
        except ValueError as problem:
            return CheckResult(
                "client", "failed", str(problem), "`gateway keys generate` creates missing keys"
            )
        form = {
            "grant_type": "authorization_code",
            "code": f"checkup-{secrets.token_urlsafe(16)}",
            "redirect_uri": self._redirect_uri,
            "code_verifier": secrets.token_urlsafe(48),
        }
        response = await self._client.post("token", metadata.token_endpoint, form)
        error = (as_object(response) or {}).get("error")
        method = settings.client_auth.method
        if error == "invalid_grant":
            return CheckResult("client", "ok", f"the provider accepts {settings.client_id} by {method}")
        if error in ("invalid_client", "unauthorized_client") or response.status_code == 401:
            do = (
                "compare client_id, method and key or secret with the integratiedossier; for private_key_jwt the "
                "provider must have the public key, the audience is the issuer unless `audience` says otherwise, "
                "and the clocks must agree"
            )
            return CheckResult(
                "client", "failed", f"the provider does not accept {settings.client_id} by {method}", do
            )
        if response.status_code >= 500:
            trouble = ProviderUnavailable(f"the token endpoint answered {response.status_code}")
            trouble.answered = response.status_code
            raise trouble
        says = f"the token endpoint answered {response.status_code} {str(error)[:60]}, which says nothing about the client"
        return CheckResult("client", "warning", says, "log in once to be sure")

    async def _authorization(self, metadata: Metadata) -> list[CheckResult]:
        """Sends an authorization request as a browser would: where it leads shows the state of redirect URI and scopes."""
        settings = self._provider.settings
        scopes = " ".join(settings.scopes)
        try:
            await asyncio.to_thread(self._grants.load)
            url = await self._grants.authorization_url(
                metadata, state=_random(), nonce=_random(), verifier=secrets.token_urlsafe(48)
            )
            response = await self._looked_at(url)
        except (ValueError, LoginFailed, ProviderUnavailable, httpx2.HTTPError) as problem:
            detail = getattr(problem, "detail", "") or f"{type(problem).__name__}"
            do = "see the check `client`; if that is ok, the provider refuses the request as a whole"
            return [
                CheckResult("redirect-uri", "failed", detail, do),
                CheckResult("scopes", "skipped", "not asked"),
            ]
        here = response.headers.get("location", "").split("?")[0] == self._redirect_uri
        error = parse_qs(urlsplit(response.headers.get("location", "")).query).get("error", [""])[0]
        if response.status_code >= 400:
            do = f"have {self._redirect_uri} registered for {settings.client_id} (integratiedossier), letter for letter"
            says = f"the provider shows an error page ({response.status_code}): it does not know this redirect URI"
            return [
                CheckResult("redirect-uri", "failed", says, do),
                CheckResult("scopes", "skipped", "not asked"),
            ]
        known = CheckResult("redirect-uri", "ok", f"{self._redirect_uri} is registered")
        if here and error == "invalid_scope":
            do = "remove from provider.scopes what the client was not granted, or have it granted"
            return [known, CheckResult("scopes", "failed", f"the provider refuses one of: {scopes}", do)]
        if here and error and error not in ("login_required", "interaction_required"):
            do = "look up this error in the provider's documentation"
            return [
                known,
                CheckResult("scopes", "failed", f"the provider refuses the request: {error[:60]}", do),
            ]
        return [known, CheckResult("scopes", "ok", f"granted: {scopes}")]

    async def _looked_at(self, url: str) -> httpx2.Response:
        # As a browser would, without a session: only the redirect matters.
        transport = await asyncio.to_thread(self._egress.transport)
        patience = self._provider.settings.timeout
        async with httpx2.AsyncClient(transport=transport, timeout=patience, trust_env=False) as client:
            return await client.get(url, headers={"Accept": "text/html"}, follow_redirects=False)

    async def _machines(self, machines: MachineSettings) -> AsyncIterator[CheckResult]:
        if machines.introspection is not None:
            asking = Introspection(machines.introspection, self._provider)
            do = "compare machines.introspection with what the provider registered for this API"
            try:
                await asyncio.to_thread(asking.load)
                with contextlib.suppress(TokenRefused):
                    await asking.claims(f"checkup-{secrets.token_urlsafe(16)}")
                yield CheckResult("introspection", "ok", "the provider answers introspection requests")
            except ValueError as problem:
                yield CheckResult(
                    "introspection", "failed", str(problem), "`gateway keys generate` creates missing keys"
                )
            except ProviderUnavailable as problem:
                found = self._failed("introspection", self._provider.settings.issuer, problem)
                yield replace(found, do=do) if found.cause in ("answer", "http") else found
        for each in machines.issuers:
            issuer = Issuer(each, clock=self._provider.clock, egress=self._egress)
            try:
                await issuer.start()
                count = len(await issuer.keys())
                yield CheckResult("issuer", "ok", f"{each.issuer} publishes {count} keys")
            except ProviderUnavailable as problem:
                found = self._failed("issuer", each.issuer, problem)
                do = f"in machines.issuers: {found.do.replace('provider.issuer', each.issuer)}"
                yield replace(found, says=f"{each.issuer}: {found.says}", do=do)
            finally:
                await issuer.aclose()


def _random() -> str:
    return secrets.token_urlsafe(32)
