"""The signed statement (a JWT) by which the upstream can check who makes a request, and the public keys for that."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from gateway.codec import IdentityView
from gateway.identity.attributes import spelled_rights
from gateway.identity.settings import AssertionSettings
from gateway.model import Identity
from gateway.recent import Recent
from gateway.settings import Secret

_SESSIONS_KEPT: Final = 10_000
_ES256_SIGNATURE: Final = 64
STATEMENT: Final = IdentityView(
    {
        "sub": "subject",
        "kind": "kind",
        "name": "name",
        "doelgroep": "doelgroep",
        "organisation": "organisation",
        "rights": spelled_rights,
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
        self._key: ECKey | RSAKey | None = None
        self._header: dict[str, str] = {}
        self._keys: list[dict[str, Any]] = []
        self._signed: Recent[str, tuple[Identity, str]] = Recent(_SESSIONS_KEPT, settings.ttl / 2, clock)

    async def start(self) -> None:
        """Read the keys. Raises ValueError, with a message for operators, if one cannot be used."""
        key, previous = await asyncio.to_thread(self._read)
        self._key = key
        self._header = {"alg": _algorithm(key), "kid": key.thumbprint(), "typ": "JWT"}
        self._keys = []
        for each in (key, *previous):
            shown = _public(each)
            if all(shown["kid"] != known["kid"] for known in self._keys):
                self._keys.append(shown)

    async def aclose(self) -> None:
        """Forget the keys and all signed assertions."""
        self._key = None
        self._signed.clear()

    def sign(self, identity: Identity, session_id: str) -> str:
        """The assertion for this session: a JWT that stays valid for at least half of `ttl`."""
        found = self._signed.get(session_id)
        if found is not None and (found[0] is identity or found[0] == identity):
            return found[1]
        if self._key is None:
            raise RuntimeError("Assertions.start() comes first")
        payload = self._payload(identity)
        token = jwt.encode(self._header, payload, self._key, algorithms=[self._header["alg"]])
        self._signed[session_id] = (identity, token)
        return token

    def size(self, identity: Identity) -> int:
        """About how many octets an assertion for this identity has; 0 before `start`."""
        if self._key is None:
            return 0
        signature = _ES256_SIGNATURE if self._header["alg"] == "ES256" else self._key.raw_value.key_size // 8
        parts = (_octets(self._header), _octets(self._payload(identity)), signature)
        return sum(-(-4 * part // 3) for part in parts) + 2

    def jwks(self) -> dict[str, Any]:
        """The public keys (RFC 7517): the signing key first, then the previous ones."""
        return {"keys": [dict(key) for key in self._keys]}

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

    def _read(self) -> tuple[ECKey | RSAKey, list[ECKey | RSAKey]]:
        key = _load(self._settings.key)
        if not key.is_private:
            raise ValueError(f"{self._settings.key.reference} is a public key; signing needs the private one")
        return key, [_load(secret) for secret in self._settings.previous]


def _octets(part: dict[str, Any]) -> int:
    return len(json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode())


def _load(secret: Secret) -> ECKey | RSAKey:
    """A private or public key in PEM form. Raises ValueError if it is of a kind that is not supported."""
    pem = secret.read()
    try:
        raw = load_pem_public_key(pem) if b"PUBLIC KEY" in pem else load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as problem:
        raise ValueError(f"{secret.reference} is not a key in PEM form without a password") from problem
    if isinstance(raw, (EllipticCurvePrivateKey, EllipticCurvePublicKey)) and isinstance(
        raw.curve, SECP256R1
    ):
        return ECKey.import_key(raw)
    if isinstance(raw, (RSAPrivateKey, RSAPublicKey)) and raw.key_size >= 2048:
        return RSAKey.import_key(raw)
    raise ValueError(f"{secret.reference}: an assertion is signed with EC P-256, or RSA of 2048 bits or more")


def _algorithm(key: ECKey | RSAKey) -> str:
    return "ES256" if isinstance(key, ECKey) else "RS256"


def _public(key: ECKey | RSAKey) -> dict[str, Any]:
    shown: dict[str, Any] = dict(key.as_dict(private=False))
    return {**shown, "kid": key.thumbprint(), "use": "sig", "alg": _algorithm(key)}
