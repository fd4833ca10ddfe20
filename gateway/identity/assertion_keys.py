"""The keys of the signed assertion, from PEM files (RFC 7468) that hold one key, or several with the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from joserfc.jwk import ECKey, RSAKey

from gateway.identity.settings import AssertionSettings
from gateway.key_files.pem_keys import pem_keys
from gateway.settings import Secret


@dataclass(frozen=True, slots=True)
class AssertionKey:
    """One key. `since` is from when on registers can know it, in seconds since the epoch; 0 where nobody can say."""

    jwk: ECKey | RSAKey
    since: float
    can_sign: bool

    @property
    def kid(self) -> str:
        """Its thumbprint (RFC 7638), by which registers find it."""
        return self.jwk.thumbprint()

    @property
    def algorithm(self) -> str:
        """How it signs."""
        return "ES256" if isinstance(self.jwk, ECKey) else "RS256"

    @property
    def public(self) -> dict[str, Any]:
        """The public half, as the key set has it (RFC 7517)."""
        shown: dict[str, Any] = dict(self.jwk.as_dict(private=False))
        return {**shown, "kid": self.kid, "use": "sig", "alg": self.algorithm}


def read_keys(settings: AssertionSettings) -> tuple[AssertionKey, ...]:
    """All keys to publish, each once: those to sign with newest first. Raises ValueError for one that cannot be used."""
    signing = keys_in(settings.key)
    if not signing[0].jwk.is_private:
        raise ValueError(f"{settings.key.reference} is a public key; signing needs the private one")
    following = [settings.next_key] if settings.next_key is not None else []
    announced = [key for secret in following for key in keys_in(secret, can_sign=False)]
    # With an earlier key it goes on signing until registers know the new one.
    earlier = [key for secret in settings.previous for key in keys_in(secret)]
    found: dict[str, AssertionKey] = {}
    for key in (*signing, *earlier, *announced):
        found.setdefault(key.kid, key)
    return tuple(found.values())


def keys_in(secret: Secret, *, can_sign: bool = True) -> tuple[AssertionKey, ...]:
    """The keys of one secret, newest first. Raises ValueError, with a message for operators."""
    found = tuple(_keys(secret, secret.read(), can_sign))
    if not found:
        raise ValueError(f"{secret.reference} is not a key in PEM form without a password")
    return found


def _keys(secret: Secret, content: bytes, can_sign: bool) -> Iterator[AssertionKey]:
    # The newest key came with the last replacement of the file, or a copy of the file with another machine's.
    placed = _placed(secret.path)
    for key in pem_keys(content):
        jwk = _load(secret, key.pem)
        yield AssertionKey(jwk, max(key.created or 0.0, placed), can_sign and jwk.is_private)
        placed = 0.0


def _placed(path: Path | None) -> float:
    return path.stat().st_ctime if path is not None else 0.0


def _load(secret: Secret, pem: bytes) -> ECKey | RSAKey:
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
