"""The keys by which the gateway proves at a provider who it is (private_key_jwt), from a PEM file with one or several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from gateway.auth.settings import PrivateKeyJwt
from gateway.key_files.pem_keys import pem_keys


@dataclass(frozen=True, slots=True)
class ClientKey:
    """One key. `since` is from when on the provider can know it, in seconds since the epoch, 0 where that does not matter;
    None while nobody said that it does."""

    jwk: ECKey | RSAKey
    algorithm: str
    created: float | None
    since: float | None

    @property
    def kid(self) -> str:
        """Its thumbprint (RFC 7638), by which the provider finds it."""
        return self.jwk.thumbprint()

    @property
    def public(self) -> dict[str, Any]:
        """The public half, for the provider (RFC 7517)."""
        shown: dict[str, Any] = dict(self.jwk.as_dict(private=False))
        return {**shown, "kid": self.kid, "use": "sig", "alg": self.algorithm}


def client_keys(auth: PrivateKeyJwt) -> tuple[ClientKey, ...]:
    """The keys, newest first. Raises ValueError with a message for operators.

    The oldest was there first, so that the provider knows it. Another one is known once it is written with it that it is
    registered, or where the provider reads the published keys (`announce`).
    """
    found = pem_keys(auth.key.read())
    placed = auth.key.path.stat().st_ctime if auth.key.path is not None else 0.0
    keys: list[ClientKey] = []
    for number, each in enumerate(found):
        if each.registered is not None or number == len(found) - 1:
            since: float | None = 0.0
        else:
            since = max(each.created or 0.0, placed) if auth.announce is not None else None
        keys.append(ClientKey(_load(auth, each.pem), auth.algorithm, each.created, since))
    if not keys:
        raise ValueError(f"{auth.key.reference} is not a private key in PEM form for {auth.algorithm}")
    return tuple(keys)


def published_jwks(auth: PrivateKeyJwt) -> dict[str, Any]:
    """The public halves of all keys, as a key set (RFC 7517). Raises ValueError."""
    return {"keys": [key.public for key in client_keys(auth)]}


def _load(auth: PrivateKeyJwt, pem: bytes) -> ECKey | RSAKey:
    kind = ECKey if auth.algorithm == "ES256" else RSAKey
    try:
        key = kind.import_key(pem)
    except (JoseError, ValueError, TypeError) as problem:
        raise ValueError(
            f"{auth.key.reference} is not a private key in PEM form for {auth.algorithm}"
        ) from problem
    if not key.is_private:
        raise ValueError(f"{auth.key.reference} is a public key; the private one is needed")
    return key
