"""Every check of every JWT that the provider signs, once (OIDC Core 3.1.3.7, RFC 7519, RFC 8725).

It knows nothing of how a token or its keys got here. What is not proven is refused.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

Key = RSAKey | ECKey
_LONGEST = 65_536
_OLDEST = 3_600.0
_SMALLEST_RSA = 2_048
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
_TIMES = (("exp", None), ("iat", None), ("nbf", 0))
_EC_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


class TokenRefused(Exception):
    """A token that proves nothing; `reason` is a stable code, without anything of the token in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownKey(TokenRefused):
    """Signed with a key that is not among the provider's keys, as far as they are known."""

    def __init__(self) -> None:
        super().__init__("key-unknown")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say. `types` are the accepted `typ` headers in lower case, "" for none at all."""

    issuer: str
    audience: str
    algorithms: Sequence[str]
    leeway: float
    types: frozenset[str] = frozenset(("", "jwt"))
    nonce: str | None = None
    access_token: str | None = None
    acr_values: tuple[str, ...] = ()
    max_age: float | None = None


def verify(token: str, keys: Sequence[Key], expected: Expected, now: float) -> Mapping[str, Any]:
    """The claims of a signed token that holds in every respect.

    Raises UnknownKey where another look at the provider's keys might help, TokenRefused for all else.
    """
    header = _header(token, expected)
    claims = _signed(token, header, keys)
    _check_parties(claims, expected)
    _check_times(claims, expected, now)
    _check_subject(claims)
    if "events" in claims:
        raise TokenRefused("logout-token")  # a logout token is never an identity (OIDC Back-Channel 2.6)
    if expected.nonce is not None:
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
            raise TokenRefused("nonce")
    if expected.access_token is not None and "at_hash" in claims:
        _check_hash(claims["at_hash"], expected.access_token, header["alg"])
    if expected.acr_values and claims.get("acr") not in expected.acr_values:
        raise TokenRefused("acr")
    if expected.max_age is not None:
        authenticated = _time(claims.get("auth_time"))
        if authenticated is None or now - authenticated > expected.max_age + expected.leeway:
            raise TokenRefused("auth-time")
    return claims


def _header(token: str, expected: Expected) -> dict[str, Any]:
    if not isinstance(token, str) or len(token) > _LONGEST or not token.isascii() or token.count(".") != 2:
        raise TokenRefused("malformed")
    header = _object(token.partition(".")[0])
    if header.get("alg") not in expected.algorithms:
        raise TokenRefused("algorithm")
    kind = header.get("typ", "")
    if not isinstance(kind, str) or kind.lower() not in expected.types:
        raise TokenRefused("type")
    if "crit" in header or "b64" in header or "zip" in header:
        raise TokenRefused("critical-header")
    if "kid" in header and not isinstance(header["kid"], str):
        raise TokenRefused("malformed")
    return header


def _object(segment: str) -> dict[str, Any]:
    """A JSON object in base64url, UTF-8, in which no name stands twice (RFC 7519 4)."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name stands twice")
        return found

    def no_constant(name: str) -> None:
        raise ValueError(name)

    try:
        octets = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
        value = json.loads(octets.decode("utf-8"), object_pairs_hook=once, parse_constant=no_constant)
    except (ValueError, RecursionError) as problem:
        raise TokenRefused("malformed") from problem
    if not isinstance(value, dict):
        raise TokenRefused("malformed")
    return value


def _signed(token: str, header: Mapping[str, Any], keys: Sequence[Key]) -> dict[str, Any]:
    algorithm: str = header["alg"]
    fitting = [key for key in keys if _fits(key, algorithm)]
    if "kid" in header:
        fitting = [key for key in fitting if key.kid == header["kid"]]
    if not fitting:
        raise UnknownKey
    for key in fitting:
        try:
            jws.deserialize_compact(token, key, algorithms=[algorithm])
        except (JoseError, ValueError):
            continue
        return _object(token.split(".")[1])
    # The key id is known but the signature is not from that key: the provider may have replaced it.
    raise UnknownKey


def _fits(key: Key, algorithm: str) -> bool:
    shown = key.as_dict(private=False)
    if shown.get("use", "sig") != "sig" or shown.get("alg", algorithm) != algorithm:
        return False
    if isinstance(key, RSAKey):
        return algorithm[:2] in ("RS", "PS") and key.raw_value.key_size >= _SMALLEST_RSA
    return _EC_CURVES.get(algorithm) == shown.get("crv")


def _check_parties(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise TokenRefused("issuer")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or not all(isinstance(each, str) for each in audiences):
        raise TokenRefused("audience")
    if expected.audience not in audiences or any(each != expected.audience for each in audiences):
        # No other party is trusted: a token that is also for somebody else is not for us (3.1.3.7 step 3).
        raise TokenRefused("audience")
    if "azp" in claims and claims["azp"] != expected.audience:
        raise TokenRefused("authorized-party")


def _time(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        return None
    return float(value)


def _check_times(claims: Mapping[str, Any], expected: Expected, now: float) -> None:
    expires, issued, begins = (_time(claims.get(name, default)) for name, default in _TIMES)
    if expires is None or issued is None or begins is None:
        raise TokenRefused("time-malformed")
    if now >= expires + expected.leeway:
        raise TokenRefused("expired")
    if now < begins - expected.leeway or now < issued - expected.leeway:
        raise TokenRefused("not-yet-valid")
    if now - issued > _OLDEST + expected.leeway:
        raise TokenRefused("too-old")


def _check_subject(claims: Mapping[str, Any]) -> None:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise TokenRefused("subject")
    if not subject.isascii() or not subject.isprintable() or subject != subject.strip():
        raise TokenRefused("subject")


def _check_hash(claimed: Any, access_token: str, algorithm: str) -> None:
    digest = _HASHES[algorithm[-3:]](access_token.encode()).digest()
    wanted = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not isinstance(claimed, str) or not hmac.compare_digest(claimed.encode(), wanted.encode()):
        raise TokenRefused("access-token-hash")
