"""The provider's metadata and keys, fetched when they are needed and cached (OpenID Connect Discovery 1.0)."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from gateway.auth.settings import IssuerSettings, ProviderSettings
from gateway.auth.tokens import EC_CURVES, Expected, Key, UnknownKey, verify
from gateway.auth.transport import ProviderTransport, ResponseRefused, client_options
from gateway.errors import ProviderUnavailable
from gateway.events import CallResult, OnEvent, ProviderCalled, ignore
from gateway.json_object import json_object
from gateway.outgoing.egress import DIRECT, Egress
from gateway.outgoing.failure import failure_of

log = structlog.get_logger()
_MOST_KEYS = 64
_RETRY_SECONDS = 5.0
_SEEN_SECONDS = 30.0
# The characters of a URL (RFC 3986 2) without a fragment, which an endpoint must not have (RFC 6749 3.1).
_ADDRESS = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth"))
_ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "end_session_endpoint",
    "introspection_endpoint",
    "pushed_authorization_request_endpoint",
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The used part of the provider's discovery document (OpenID Connect Discovery 1.0, section 3).

    The first two are empty for an issuer that only signs access tokens for machines.
    """

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None
    userinfo_endpoint: str | None
    introspection_endpoint: str | None
    pushed_authorization_request_endpoint: str | None
    issuer_in_response: bool


@dataclass(slots=True)
class Call:
    """A call to the provider that is under way; who makes it writes down what the response means."""

    result: CallResult = "ok"

    def judge(self, status: int) -> None:
        """Take the result from a status: 5xx counts as no answer of the provider, any other error as a refusal."""
        self.result = "error" if status >= 500 else "refused" if status >= 400 else "ok"


class Issuer:
    """A signer of tokens. It can be started while it is down; calls then raise ProviderUnavailable.

    Each call to it is published as an event. `clock` is the time of day (epoch seconds), which tokens are judged by;
    `steady` never goes back and counts how long metadata and keys are cached. Calls leave by `egress`.
    """

    settings: IssuerSettings
    required: tuple[str, ...] = ("jwks_uri",)

    def __init__(
        self,
        settings: IssuerSettings,
        *,
        clock: Callable[[], float],
        steady: Callable[[], float] = time.monotonic,
        on_event: OnEvent = ignore,
        egress: Egress = DIRECT,
    ) -> None:
        self.settings = settings
        self._egress = egress
        self.clock = clock
        self._steady = steady
        self._on_event = on_event
        self._transport: ProviderTransport | None = None
        self._metadata: Metadata | None = None
        self._metadata_at = 0.0
        self._keys: tuple[Key, ...] = ()
        self._keys_at = 0.0
        self._keys_tried_at = float("-inf")
        self._failed_at: dict[str, float] = {}
        self._busy = {"metadata": asyncio.Lock(), "keys": asyncio.Lock()}

    async def start(self) -> None:
        """Make the connection pool; nothing is fetched yet. Raises ValueError for a proxy that cannot be used."""
        # In a thread: this reads the machine's certificates and imports half of the client library from disk.
        self._transport = await asyncio.to_thread(
            lambda: ProviderTransport(ssl.create_default_context(), self.clock, self._egress)
        )

    async def aclose(self) -> None:
        """Close all connections to the provider."""
        if self._transport is not None:
            await self._transport.close_pool()
            self._transport = None

    @property
    def client_options(self) -> dict[str, Any]:
        """The options of every HTTP client for this provider: all share one pool and its limits.

        Raises ProviderUnavailable before `start` and after `aclose`.
        """
        if self._transport is None:
            raise ProviderUnavailable("the provider's client is not started")
        return client_options(self._transport, self.settings.timeout)

    @property
    def metadata_address(self) -> str:
        """Where the metadata is (OpenID Connect Discovery 1.0, section 4)."""
        return f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"

    @property
    def clock_difference(self) -> float | None:
        """How many seconds the provider's clock is ahead of ours, by the Date of its latest response; None without."""
        return self._transport.clock_difference if self._transport is not None else None

    @asynccontextmanager
    async def call(self, what: str) -> AsyncIterator[Call]:
        """One call to the provider, within its time limit; `what` names it in errors and metrics.

        A call that is cancelled, because the client went away, says nothing about the provider and is not published.
        Raises ProviderUnavailable if there is no response.
        """
        call, begun = Call(), time.perf_counter()
        try:
            async with asyncio.timeout(self.settings.timeout):
                yield call
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as problem:
            self._on_event(ProviderCalled(what, "error", time.perf_counter() - begun))
            words = str(problem) if isinstance(problem, ResponseRefused) else failure_of(problem).words
            raise ProviderUnavailable(f"{what}: {words}") from problem
        self._on_event(ProviderCalled(what, call.result, time.perf_counter() - begun))

    async def metadata(self) -> Metadata:
        """The metadata, not older than its lifetime while the provider answers.

        Raises ProviderUnavailable if there is none yet.
        """
        now = self._steady()
        if self._metadata is not None and now - self._metadata_at < self.settings.metadata_lifetime:
            return self._metadata
        async with self._busy["metadata"]:
            if (
                self._metadata is None
                or self._steady() - self._metadata_at >= self.settings.metadata_lifetime
            ):
                await self._fetch("metadata", self._fetch_metadata, have=self._metadata is not None)
        if self._metadata is None:
            raise ProviderUnavailable("no metadata")
        return self._metadata

    async def reachable(self) -> bool:
        """Whether the provider answered in the last 30 seconds, or does so now: a browser can be sent there."""
        async with self._busy["metadata"]:
            if self._metadata is None or self._steady() - self._metadata_at >= _SEEN_SECONDS:
                await self._fetch("metadata", self._fetch_metadata, have=True)
        return "metadata" not in self._failed_at

    async def verified(self, token: str, expected: Expected) -> Mapping[str, Any]:
        """The claims of a token that the provider signed; an unknown key makes the keys be fetched again.

        Raises TokenRefused, and ProviderUnavailable if there are no keys.
        """
        keys = await self.keys()
        try:
            return verify(token, keys, expected, self.clock())
        except UnknownKey:
            if not await self._refetch_keys():
                raise
            return verify(token, self._keys, expected, self.clock())

    async def keys(self) -> tuple[Key, ...]:
        """The keys for verifying signatures. Raises ProviderUnavailable if there are none."""
        age = self._steady() - self._keys_at
        if not self._keys or age >= self.settings.metadata_lifetime:
            async with self._busy["keys"]:
                age = self._steady() - self._keys_at
                if not self._keys or age >= self.settings.metadata_lifetime:
                    have = (
                        bool(self._keys) and age < self.settings.metadata_lifetime + self.settings.keys_grace
                    )
                    if not have:
                        self._keys = ()
                    await self._fetch("keys", self._fetch_keys, have=have)
        return self._keys

    async def _refetch_keys(self) -> bool:
        """Fetch the keys for an unknown key id, at most once per interval; True if they were fetched."""
        before = self._keys_tried_at
        async with self._busy["keys"]:
            if self._keys_tried_at != before:
                return True  # another request just did
            if self._steady() - self._keys_tried_at < self.settings.keys_interval:
                return False
            await self._fetch("keys", self._fetch_keys, have=True)
            return True

    async def _fetch(self, what: str, fetch: Callable[[], Awaitable[None]], *, have: bool) -> None:
        """Fetch, but not within 5 seconds of a failure; a failure is raised only if nothing is cached (`have`)."""
        failed = self._failed_at.get(what)
        if failed is not None and self._steady() - failed < _RETRY_SECONDS:
            if have:
                return
            raise ProviderUnavailable(f"the provider did not give its {what} a moment ago")
        try:
            await fetch()
            self._failed_at.pop(what, None)
        except ProviderUnavailable as trouble:
            self._failed_at[what] = self._steady()
            log.warning("the provider does not answer as it should", what=what, reason=trouble.detail)
            if not have:
                raise

    async def _fetch_metadata(self) -> None:
        issuer = self.settings.issuer
        found = await self._get_json("metadata", self.metadata_address)
        if found.get("issuer") != issuer:
            raise ProviderUnavailable(f"the provider states another issuer than {issuer}")
        for name in _ENDPOINTS:
            value = found.get(name)
            if value is not None and not (isinstance(value, str) and _same_origin(value, issuer)):
                raise ProviderUnavailable(f"{name} of the provider is not on the issuer's host")
            if value is not None and not _ADDRESS.fullmatch(value):
                raise ProviderUnavailable(f"{name} of the provider is no address, or has a fragment")
        for name in self.required:
            if found.get(name) is None:
                raise ProviderUnavailable(f"the provider states no {name}")
        stated: dict[str, Any] = {name: found.get(name) for name in _ENDPOINTS}
        stated |= {name: stated[name] or "" for name in ("authorization_endpoint", "token_endpoint")}
        self._metadata = Metadata(
            **stated,
            issuer_in_response=found.get("authorization_response_iss_parameter_supported") is True,
        )
        self._metadata_at = self._steady()
        self._note(found)

    def _note(self, stated: dict[str, Any]) -> None:
        """Keep what else the metadata states; nothing for a provider."""

    async def _fetch_keys(self) -> None:
        self._keys_tried_at = self._steady()
        metadata = await self.metadata()
        found = (await self._get_json("keys", metadata.jwks_uri)).get("keys")
        if not isinstance(found, list) or len(found) > _MOST_KEYS:
            raise ProviderUnavailable("the provider's key set is malformed")
        if any(isinstance(each, dict) and _PRIVATE & each.keys() for each in found):
            log.warning("the provider publishes private keys: tell it at once", what="keys")
        keys = tuple(key for each in found if (key := _public_key(each)) is not None)
        if not keys:
            raise ProviderUnavailable("the key set of the provider has no usable key")
        self._keys = keys
        self._keys_at = self._steady()

    async def _get_json(self, what: str, url: str) -> dict[str, Any]:
        async with self.call(what) as call, httpx2.AsyncClient(**self.client_options) as client:
            response = await client.get(url, headers={"Accept": "application/json"})
            # Nothing that a client sends leads to another status than 200 here.
            call.result = "ok" if response.status_code == 200 else "error"
        if response.status_code != 200:
            trouble = ProviderUnavailable(f"{url} answered {response.status_code}")
            trouble.answered = response.status_code
            raise trouble
        found = as_object(response)
        if found is None:
            raise ProviderUnavailable(f"{url} did not answer with a JSON object")
        return found


class Provider(Issuer):
    """The provider where people log in."""

    settings: ProviderSettings
    required = ("authorization_endpoint", "token_endpoint", "jwks_uri")


def as_object(response: httpx2.Response) -> dict[str, Any] | None:
    """The JSON object in a response; None if it contains anything else."""
    try:
        return json_object(response.content)
    except ValueError:
        return None


def _same_origin(url: str, issuer: str) -> bool:
    try:
        here, there = urlsplit(url), urlsplit(issuer)
        return (here.scheme, here.hostname, here.port) == (there.scheme, there.hostname, there.port) and (
            here.username is None
        )
    except ValueError:
        return False


def _public_key(found: Any) -> Key | None:
    """A key of a set; None for one that cannot be used, so that one odd key does not spoil the others."""
    if not isinstance(found, dict) or found.get("use", "sig") != "sig":
        return None
    if found.get("kty") not in ("RSA", "EC"):
        return None
    # Of other curves no algorithm is accepted, and the library knows but a few of them.
    if found["kty"] == "EC" and found.get("crv") not in EC_CURVES.values():
        return None
    public = {name: value for name, value in found.items() if name not in _PRIVATE}
    try:
        return RSAKey.import_key(public) if found["kty"] == "RSA" else ECKey.import_key(public)
    except (JoseError, ValueError, TypeError):
        return None
