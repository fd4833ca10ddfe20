"""What a browser signs with the key of a bound session: one JWT in one header (DBSC, editor's draft of 17 February 2026).

The draft is https://w3c.github.io/webappsec-dbsc/, read at revision d346811 of w3c/webappsec-dbsc.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, RSAKey

from gateway.json_object import json_object

# A bare item of a structured field (RFC 9651, 3.3): browsers send a string or, as a JWT is one too, a token.
_ITEM = re.compile(
    r'[ ]*(?:"([A-Za-z0-9._-]{1,4096})"|([A-Za-z][A-Za-z0-9._-]{0,4095}))[ ]*(?:;[\x20-\x7e]*)?'
)
_TYPE: Final = "dbsc+jwt"
_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "ES256": ("kty", "crv", "x", "y"),
    "RS256": ("kty", "n", "e"),
}
_SMALLEST_RSA, _LARGEST_RSA = 2_048, 4_096
_EXPONENT: Final = "AQAB"


class _Registry(jws.JWSRegistry):
    """The key of a registration is in the header, and an RSA key is long."""

    max_header_length = 4_096

    def __init__(self, algorithms: Collection[str]) -> None:
        super().__init__(algorithms=algorithms, strict_check_header=False)


class ProofRefused(Exception):
    """`reason` is a stable code for logs and metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class DeviceProof:
    """A proof as it was read: nothing of it is true before `check`. `jwk` is the key that it names, at a registration."""

    token: str
    algorithm: str
    challenge: str
    authorization: str | None
    audience: str | None
    jwk: Mapping[str, Any] | None

    def check(self, algorithm: str, jwk: Mapping[str, Any]) -> None:
        """Verify that this key signed it. Raises ProofRefused."""
        if self.algorithm != algorithm:
            raise ProofRefused("algorithm")
        try:
            jws.deserialize_compact(
                self.token, _key(algorithm, jwk), registry=_Registry(algorithms=[algorithm])
            )
        except (JoseError, ValueError) as problem:
            raise ProofRefused("wrong-key") from problem


def item_text(value: bytes | None) -> str | None:
    """The text of a structured field that is one string or token; None for anything else."""
    found = _ITEM.fullmatch(value.decode("latin-1")) if value is not None else None
    return (found[1] or found[2]) if found is not None else None


def read_proof(text: str) -> DeviceProof:
    """Read the JWT of `Secure-Session-Response`. Raises ProofRefused, "malformed"."""
    try:
        head, payload, _ = text.split(".")
        header, claims = json_object(_octets(head)), json_object(_octets(payload))
    except ValueError as problem:
        raise ProofRefused("malformed") from problem
    jwk = header.get("jwk")
    if header.get("typ") != _TYPE or "crit" in header or not (jwk is None or isinstance(jwk, dict)):
        raise ProofRefused("malformed")
    return DeviceProof(
        text,
        _text(header, "alg") or "",
        _text(claims, "jti") or "",
        _text(claims, "authorization"),
        _text(claims, "aud"),
        jwk,
    )


def public_key(algorithm: str, jwk: Mapping[str, Any] | None, accepted: Collection[str]) -> dict[str, str]:
    """The public key of a registration, with only the members that make it. Raises ProofRefused."""
    members = _MEMBERS.get(algorithm) if algorithm in accepted else None
    if members is None:
        raise ProofRefused("algorithm")
    try:
        found = {name: str((jwk or {})[name]) for name in members}
        key = _key(algorithm, found)
    except (JoseError, SecurityWarning, ValueError, KeyError) as problem:
        # The library warns of short keys: an exception where warnings are errors.
        raise ProofRefused("key") from problem
    if isinstance(key, RSAKey):
        if found["e"] != _EXPONENT or not _SMALLEST_RSA <= key.raw_value.key_size <= _LARGEST_RSA:
            raise ProofRefused("key")
    elif found["crv"] != "P-256":
        raise ProofRefused("key")
    return found


def _key(algorithm: str, jwk: Mapping[str, Any]) -> ECKey | RSAKey:
    found: ECKey | RSAKey = (ECKey if algorithm == "ES256" else RSAKey).import_key(dict(jwk))
    return found


def _text(found: Mapping[str, Any], name: str) -> str | None:
    """A text. Raises ProofRefused for anything else that is there."""
    value = found.get(name)
    if value is not None and not isinstance(value, str):
        raise ProofRefused("malformed")
    return value


def _octets(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
