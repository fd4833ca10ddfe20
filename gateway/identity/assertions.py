"""The signed statement (a JWT) by which the upstream can check who makes a request, and the public keys for that."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

from joserfc import jwt

from gateway.caching.recent import Recent
from gateway.codec import IdentityView
from gateway.identity.assertion_keys import AssertionKey, read_keys
from gateway.identity.attributes import acm_rights
from gateway.identity.settings import AssertionSettings
from gateway.key_files.keyring import KeyChoice, agreed_key
from gateway.model import Identity

_SESSIONS_KEPT: Final = 10_000
_ES256_SIGNATURE: Final = 64
STATEMENT: Final = IdentityView(
    {
        "sub": "subject",
        "kind": "kind",
        "name": "name",
        "doelgroep": "doelgroep",
        "organisation": "organisation",
        "rights": acm_rights,
        "acr": "acr",
    },
    optional=("name", "doelgroep", "organisation", "acr"),
)


class Assertions:
    """Signs assertions for one environment. The keys are read in `start`, not in the constructor.

    `issuer` is the public URL of the gateway, `audience` the URL of the upstream; `clock` gives seconds since the
    epoch. An assertion is reused for the requests of its session until half of its lifetime has passed.
    """

    def __init__(
        self,
        settings: AssertionSettings,
        *,
        environment: str,
        issuer: str,
        audience: str,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._constant = {"iss": issuer, "aud": audience, "env": environment}
        self._clock = clock
        self._key: AssertionKey | None = None
        self._header: dict[str, str] = {}
        self._keys: list[dict[str, Any]] = []
        self._by_kid: dict[str, AssertionKey] = {}
        self._signed: Recent[str, tuple[Identity, str]] = Recent(_SESSIONS_KEPT, settings.ttl / 2, clock)

    async def start(self) -> None:
        """Read the keys. Raises ValueError, with a message for operators, if one cannot be used."""
        choice = await asyncio.to_thread(self.read_keys)
        choice.take(agreed_key(choice.since, (), announced_for=self._settings.announce, now=self._clock()))

    def read_keys(self) -> KeyChoice:
        """The keys to sign with, as their files have them now. Raises ValueError, with a message for operators."""
        keys = read_keys(self._settings)
        since = {key.kid: key.since for key in keys if key.can_sign}
        return KeyChoice(since, lambda kid: self._use(keys, kid))

    def _use(self, keys: Sequence[AssertionKey], kid: str) -> None:
        ordered = sorted(keys, key=lambda key: key.kid != kid)
        self._keys = [key.public for key in ordered]
        self._by_kid = {key.kid: key for key in ordered}
        self._header = {"alg": ordered[0].algorithm, "kid": kid, "typ": "JWT"}
        self._key = ordered[0]
        self._signed.clear()

    async def aclose(self) -> None:
        """Forget the keys and all signed assertions."""
        self._key = None
        self._by_kid = {}
        self._signed.clear()

    def sign(
        self, identity: Identity, about: str, audience: str | None = None, *, session: str | None = None
    ) -> str:
        """The assertion about this caller: a JWT that stays valid for at least half of `ttl`.

        `about` is what is the same for all their requests. `audience` is another upstream than the one it is for
        otherwise, `session` the public id of the session (claim `sid`).
        """
        key = about if audience is None else f"{about} {audience}"
        found = self._signed.get(key)
        if found is not None and (found[0] is identity or found[0] == identity):
            return found[1]
        if self._key is None:
            raise RuntimeError("Assertions.start() comes first")
        payload = self._payload(identity)
        if audience is not None:
            payload["aud"] = audience
        if session is not None:
            payload["sid"] = session
        token = jwt.encode(self._header, payload, self._key.jwk, algorithms=[self._header["alg"]])
        self._signed[key] = (identity, token)
        return token

    def size(self, identity: Identity) -> int:
        """About how many octets an assertion for this identity has; 0 before `start`."""
        if self._key is None:
            return 0
        signature = (
            _ES256_SIGNATURE if self._header["alg"] == "ES256" else self._key.jwk.raw_value.key_size // 8
        )
        parts = (_octets(self._header), _octets(self._payload(identity)), signature)
        return sum(-(-4 * part // 3) for part in parts) + 2

    def jwks(self) -> dict[str, Any]:
        """The public keys (RFC 7517): the signing key first, then those of other times."""
        return {"keys": [dict(key) for key in self._keys]}

    def key_of(self, kid: str) -> AssertionKey | None:
        """The published key with this id, by which an assertion of ours can be checked."""
        return self._by_kid.get(kid)

    def _payload(self, identity: Identity) -> dict[str, Any]:
        now = int(self._clock())
        statement = STATEMENT(identity)
        if not self._settings.rights:
            del statement["rights"]
        return {
            **self._constant,
            **statement,
            "iat": now,
            "exp": now + int(self._settings.ttl),
            "jti": secrets.token_urlsafe(16),
        }


def _octets(part: dict[str, Any]) -> int:
    return len(json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode())
