"""Checks an assertion that comes back: that this environment signed it, for one of these registers, a moment ago."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError

from gateway.caching.recent import Recent
from gateway.identity.assertions import Assertions

_LONGEST: Final = 65_536
_KEPT: Final = 10_000
_KEPT_SECONDS: Final = 60.0
_SKEW: Final = 5.0


class AssertionRefused(ValueError):
    """An assertion that is not believed; the message is a stable code."""


class AssertionCheck:
    """The assertions of one environment, as they come back from its registers. `clock` gives seconds since the epoch."""

    def __init__(
        self, assertions: Assertions, *, environment: str, issuer: str, clock: Callable[[], float]
    ) -> None:
        self._assertions = assertions
        self._says = {"iss": issuer, "env": environment}
        self._clock = clock
        # The same one comes with every question about a session.
        self._signed: Recent[bytes, Mapping[str, Any]] = Recent(_KEPT, _KEPT_SECONDS, clock)

    def __call__(self, token: str, audiences: Collection[str]) -> Mapping[str, Any]:
        """Its claims. Raises AssertionRefused."""
        claims = self._claims(token)
        now = self._clock()
        if claims.get("aud") not in audiences:
            raise AssertionRefused("assertion-audience")
        if not (claims["iat"] - _SKEW <= now < claims["exp"]):
            raise AssertionRefused("assertion-expired")
        return claims

    def _claims(self, token: str) -> Mapping[str, Any]:
        name = sha256(token.encode("utf-8", "replace")).digest()
        known = self._signed.get(name)
        if known is not None and self._assertions.key_of(known["kid"]) is not None:
            found: Mapping[str, Any] = known["claims"]
            return found
        kid, found = self._verified(token)
        self._signed[name] = {"kid": kid, "claims": found}
        return found

    def _verified(self, token: str) -> tuple[str, Mapping[str, Any]]:
        if len(token) > _LONGEST or not token.isascii():
            raise AssertionRefused("assertion-form")
        header = _header(token)
        key = self._assertions.key_of(str(header.get("kid")))
        if key is None:
            raise AssertionRefused("assertion-key")
        if header.get("alg") != key.algorithm or header.get("typ") != "JWT":
            raise AssertionRefused("assertion-form")
        try:
            claims = jwt.decode(token, key.jwk, algorithms=[key.algorithm]).claims
        except (JoseError, ValueError) as problem:
            raise AssertionRefused("assertion-signature") from problem
        if any(claims.get(name) != value for name, value in self._says.items()):
            raise AssertionRefused("assertion-environment")
        if not all(isinstance(claims.get(name), int) for name in ("iat", "exp")):
            raise AssertionRefused("assertion-form")
        return key.kid, claims


def _header(token: str) -> dict[str, Any]:
    first = token.partition(".")[0]
    try:
        header = json.loads(urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, RecursionError) as problem:
        raise AssertionRefused("assertion-form") from problem
    if not isinstance(header, dict):
        raise AssertionRefused("assertion-form")
    return header
