"""All checks of signed JWTs: ID tokens, userinfo, access tokens and logout tokens (OIDC Core 3.1.3.7, RFC 7519, RFC 8725)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from gateway.json_object import json_object

Key = RSAKey | ECKey
_LONGEST = 65_536
_OLDEST = 3_600.0
_NEVER = 1e11
_SMALLEST_RSA = 2_048
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
EC_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class TokenRefused(Exception):
    """A token that is not valid; `reason` is a stable code without any content of the token.

    `detail` says for operators what was found and what was expected, about no person. `difference` is how many seconds
    its time of issue is ahead of our clock, if its times are the reason.
    """

    def __init__(self, reason: str, detail: str = "", *, difference: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail or reason
        self.difference = difference


class UnknownKey(TokenRefused):
    """The token is signed with a key that is not among the known keys of the provider."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("key-unknown", detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What every token must say; each kind of token adds its own checks. `leeway` is in seconds.

    `types` are the accepted `typ` headers, in lower case and without "application/"; "" stands for an absent one.
    They keep a token of one kind from being taken for another (RFC 8725 3.11).
    """

    issuer: str
    audience: str
    algorithms: Sequence[str]
    leeway: float

    @property
    def types(self) -> frozenset[str]:
        return frozenset()

    @property
    def timed(self) -> bool:
        """Whether it must say when it was issued and when it expires."""
        return True

    def check(self, claims: Mapping[str, Any], algorithm: str, now: float) -> None:
        """Check what is particular to this kind of token. Raises TokenRefused."""
        raise TokenRefused("kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdToken(Expected):
    """Who logged in (OIDC Core 3.1.3.7). `nonce` is None only for the ID token of a refresh.

    The ID token of a refresh may leave the nonce out, but have no other than that of the login (`first_nonce`, where that
    is known; OIDC Core 12.2).
    The token must answer to `acr_values` and `max_age` (seconds) where the authentication request asked for them.
    """

    nonce: str | None
    access_token: str | None
    first_nonce: str | None = None
    acr_values: tuple[str, ...] = ()
    max_age: float | None = None

    @property
    def types(self) -> frozenset[str]:
        return frozenset(("", "jwt"))

    def check(self, claims: Mapping[str, Any], algorithm: str, now: float) -> None:
        _check_subject(claims)
        _check_only_audience(claims, self.audience)
        _check_age(claims, self.leeway, now)
        if "events" in claims:
            raise TokenRefused("logout-token", "a logout token is no ID token")
        if self.nonce is not None and not _same(claims.get("nonce"), self.nonce):
            raise TokenRefused("nonce", "no nonce" if "nonce" not in claims else "the nonce of another login")
        if (
            self.first_nonce is not None
            and "nonce" in claims
            and not _same(claims["nonce"], self.first_nonce)
        ):
            raise TokenRefused("nonce", "a refresh with the nonce of another login")
        if self.access_token is not None and "at_hash" in claims:
            digest = _HASHES[algorithm[-3:]](self.access_token.encode()).digest()
            half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
            if not _same(claims["at_hash"], half):
                raise TokenRefused("access-token-hash", "at_hash belongs to another access token")
        if self.acr_values and claims.get("acr") not in self.acr_values:
            accepted = ", ".join(self.acr_values)
            raise TokenRefused("acr", f"acr {excerpt(claims.get('acr'))}, accepted: {accepted[:300]}")
        if self.max_age is not None:
            authenticated = time_of(claims.get("auth_time"))
            if authenticated is None or not -self.leeway <= now - authenticated <= self.max_age + self.leeway:
                when = (
                    "no auth_time"
                    if authenticated is None
                    else f"authenticated {now - authenticated:.0f} s ago"
                )
                raise TokenRefused("auth-time", f"{when}, at most {self.max_age:.0f} s")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInfo(Expected):
    """A signed userinfo response (OIDC Core 5.3.2); the caller compares its subject."""

    @property
    def types(self) -> frozenset[str]:
        return frozenset(("", "jwt"))

    @property
    def timed(self) -> bool:
        return False

    def check(self, claims: Mapping[str, Any], algorithm: str, now: float) -> None:
        _check_subject(claims)
        if "events" in claims:
            raise TokenRefused("logout-token", "a logout token is no userinfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken(Expected):
    """An access token in JWT form (RFC 9068, sections 2.2 and 4)."""

    @property
    def types(self) -> frozenset[str]:
        return frozenset(("at+jwt",))

    def check(self, claims: Mapping[str, Any], algorithm: str, now: float) -> None:
        _check_subject(claims)
        for name in ("client_id", "jti"):
            if not isinstance(claims.get(name), str) or not claims[name]:
                raise TokenRefused("claim-missing", f"no {name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutToken(Expected):
    """The end of a session at the provider (OIDC Back-Channel Logout 1.0, section 2.6)."""

    @property
    def types(self) -> frozenset[str]:
        return frozenset(("", "jwt", "logout+jwt"))

    def check(self, claims: Mapping[str, Any], algorithm: str, now: float) -> None:
        _check_only_audience(claims, self.audience)
        _check_age(claims, self.leeway, now)
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT_EVENT), dict):
            raise TokenRefused("event", "no event of a back-channel logout")
        if "nonce" in claims:
            raise TokenRefused("nonce", "a logout token has no nonce")
        if not isinstance(claims.get("jti"), str) or not claims["jti"]:
            raise TokenRefused("claim-missing", "no jti")
        if "sub" in claims or "sid" not in claims:
            _check_subject(claims)
        if "sid" in claims and (not isinstance(claims["sid"], str) or not claims["sid"]):
            raise TokenRefused("claim-missing", "no sid that can be read")


def verify(token: str, keys: Sequence[Key], expected: Expected, now: float) -> Mapping[str, Any]:
    """The claims of a signed token that is valid; `now` is in seconds since the epoch.

    Raises UnknownKey if newer keys of the provider might help, else TokenRefused.
    """
    header = _header(token, expected)
    claims = _signed(token, header, keys)
    if claims.get("iss") != expected.issuer:
        raise TokenRefused("issuer", f"issued by {excerpt(claims.get('iss'))}, accepted: {expected.issuer}")
    if expected.audience not in _audiences(claims):
        raise TokenRefused("audience", f"for {excerpt(claims.get('aud'))}, not for {expected.audience}")
    _check_times(claims, expected, now)
    expected.check(claims, header["alg"], now)
    return claims


def claimed_issuer(token: str) -> str | None:
    """The unverified issuer of a JWT, only for choosing the keys; None if the token is not a JWT."""
    if len(token) > _LONGEST or not _COMPACT.fullmatch(token):
        return None
    try:
        issuer = _object(token.split(".")[1]).get("iss")
    except TokenRefused:
        return None
    return issuer if isinstance(issuer, str) else None


def _header(token: str, expected: Expected) -> dict[str, Any]:
    if len(token) > _LONGEST:
        raise TokenRefused("too-large", f"{len(token)} octets, at most {_LONGEST}")
    if not _COMPACT.fullmatch(token):
        raise TokenRefused("malformed", "not three parts of base64url (encrypted tokens have five)")
    header = _object(token.partition(".")[0])
    if header.get("alg") not in expected.algorithms:
        accepted = ", ".join(expected.algorithms)
        raise TokenRefused("algorithm", f"signed with {excerpt(header.get('alg'))}, accepted: {accepted}")
    kind = header.get("typ", "")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in expected.types:
        raise TokenRefused(
            "type", f"typ {excerpt(kind)}, accepted: {', '.join(sorted(filter(None, expected.types)))}"
        )
    if "crit" in header or "b64" in header or "zip" in header:
        raise TokenRefused("critical-header", "crit, b64 or zip in the header")
    if "kid" in header and not isinstance(header["kid"], str):
        raise TokenRefused("malformed", "the kid is not a text")
    return header


def _octets(segment: str) -> bytes:
    """The octets of canonical base64url (RFC 7515 2): no padding, no stray bits in the last character."""
    octets = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if base64.urlsafe_b64encode(octets).rstrip(b"=") != segment.encode():
        raise ValueError("not canonical")
    return octets


def _object(segment: str) -> dict[str, Any]:
    try:
        return json_object(_octets(segment))
    except ValueError as problem:
        raise TokenRefused("malformed", "not base64url of a JSON object without duplicate names") from problem


def _signed(token: str, header: Mapping[str, Any], keys: Sequence[Key]) -> dict[str, Any]:
    _, payload, signature = token.split(".")
    try:
        _octets(signature)
    except ValueError as problem:
        raise TokenRefused("malformed", "the signature is not base64url") from problem
    algorithm: str = header["alg"]
    fitting = [key for key in keys if fits(key, algorithm)]
    if "kid" in header:
        fitting = [key for key in fitting if key.kid == header["kid"]]
    for key in fitting:
        try:
            jws.deserialize_compact(token, key, algorithms=[algorithm])
        except (JoseError, ValueError):
            continue
        return _object(payload)
    # Also if the key id is known but the signature does not match: the provider may have replaced the key.
    kid = f"kid {excerpt(header['kid'])}" if "kid" in header else "no kid"
    raise UnknownKey(f"{kid}, {algorithm}: {len(fitting)} of {len(keys)} known keys may fit, none does")


def fits(key: Key, algorithm: str) -> bool:
    """Whether this key may verify signatures by this algorithm."""
    shown = key.as_dict(private=False)
    if shown.get("use", "sig") != "sig" or shown.get("alg", algorithm) != algorithm:
        return False
    if "verify" not in shown.get("key_ops", ("verify",)):
        return False
    if isinstance(key, RSAKey):
        return algorithm[:2] in ("RS", "PS") and key.raw_value.key_size >= _SMALLEST_RSA
    return EC_CURVES.get(algorithm) == shown.get("crv")


def _audiences(claims: Mapping[str, Any]) -> list[str]:
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or not all(isinstance(each, str) for each in audiences):
        raise TokenRefused("audience", "aud is no text and no list of texts")
    return audiences


def _check_only_audience(claims: Mapping[str, Any], audience: str) -> None:
    """Refuse a token that is also for another party (OIDC Core 3.1.3.7, steps 3 to 5): no other one is trusted."""
    if any(each != audience for each in _audiences(claims)):
        raise TokenRefused("audience", f"for {excerpt(claims['aud'])}, not only for {audience}")
    if "azp" in claims and claims["azp"] != audience:
        raise TokenRefused("authorized-party", f"azp {excerpt(claims['azp'])}, not {audience}")


def _check_age(claims: Mapping[str, Any], leeway: float, now: float) -> None:
    age = now - float(claims["iat"])
    if age > _OLDEST + leeway:
        raise TokenRefused("too-old", f"issued {age:.0f} s ago, at most {_OLDEST:.0f} s", difference=-age)


def time_of(value: Any) -> float | None:
    """A time in seconds since the epoch (RFC 7519 2, NumericDate); None for any other value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        return None
    return float(value)


def _check_times(claims: Mapping[str, Any], expected: Expected, now: float) -> None:
    needed = None if expected.timed else 0
    expires = time_of(claims.get("exp", None if expected.timed else _NEVER))
    issued, begins = time_of(claims.get("iat", needed)), time_of(claims.get("nbf", 0))
    if expires is None or issued is None or begins is None:
        raise TokenRefused("time-malformed", "exp, iat or nbf is missing, or no time")
    if now >= expires + expected.leeway:
        raise TokenRefused("expired", f"expired {now - expires:.0f} s ago", difference=issued - now)
    if now < begins - expected.leeway or now < issued - expected.leeway:
        words = f"valid in {max(begins, issued) - now:.0f} s"
        raise TokenRefused("not-yet-valid", words, difference=issued - now)


def _check_subject(claims: Mapping[str, Any]) -> None:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise TokenRefused("subject", "sub is missing, or not 1 to 255 characters")
    if not subject.isascii() or not subject.isprintable() or subject != subject.strip():
        raise TokenRefused("subject", "sub has characters that are not printable ASCII")


def excerpt(value: Any) -> str:
    """What a token says, cut short and in quotes, for the log."""
    return repr(value)[:120].encode("ascii", "backslashreplace").decode("ascii")


def _same(claimed: Any, wanted: str) -> bool:
    return isinstance(claimed, str) and hmac.compare_digest(claimed.encode(), wanted.encode())
