"""Keeps out of logs and records what may never be written: secrets, by their key, and national numbers, by their form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.errors import GatewayError

REDACTED = "[redacted]"
NATIONAL_NUMBER = "[national number]"

_SECRET_WORDS = frozenset(
    [
        "token",
        "tokens",
        "cookie",
        "cookies",
        "secret",
        "password",
        "passphrase",
        "authorization",
        "assertion",
        "ticket",
        "verifier",
        "nonce",
        "rrn",
        "insz",
        "nationalnumber",
        "rijksregisternummer",
    ]
)
_SECRET_KEYS = frozenset({"code", "state", "key", "national_number", "authorisation_code"})
# "cookie_name" or "token_endpoint" says something about a secret without being one.
_HARMLESS_LAST = frozenset({"name", "endpoint", "count", "bytes", "type", "prefix", "ttl", "age"})

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){1,3}")
_PARAMETER = re.compile(
    r"\b(code|state|nonce|token|id_token|access_token|refresh_token|id_token_hint|logout_token|code_verifier|"
    r"client_secret|client_assertion|password)=[^&\s\"']+"
)
# 85.07.30-033.28, with any separators; or eleven digits in a row.
_WRITTEN_OUT = re.compile(r"(?<!\d)\d{2}[. -]\d{2}[. -]\d{2}[. -]\d{3}[. -]\d{2}(?!\d)")
_MAYBE = re.compile(r"\d[\d. -]{9,}\d")
_ELEVEN = re.compile(r"(?<!\d)\d{11}(?!\d)")


def _codes(error: type[GatewayError]) -> set[str]:
    return {error.code}.union(*(_codes(kind) for kind in error.__subclasses__()))


# The codes of our own errors are under "code" too, and are not secret.
_ERROR_CODES = frozenset(_codes(GatewayError))


def is_secret(key: str) -> bool:
    """Whether a value under this key is never written."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower().replace("-", "_")
    if words in _SECRET_KEYS:
        return True
    parts = words.split("_")
    return parts[-1] not in _HARMLESS_LAST and not _SECRET_WORDS.isdisjoint(parts)


def mask(text: str) -> str:
    """The text without anything that looks like a national number (rijksregisternummer, BIS number)."""
    if _MAYBE.search(text) is None:
        return text
    return _ELEVEN.sub(_mask_eleven, _WRITTEN_OUT.sub(NATIONAL_NUMBER, text))


def clean(value: Any, key: str = "") -> Any:
    """The value as it may be written: the same structure, with secrets and national numbers replaced."""
    if value is None or isinstance(value, (bool, float)):
        return value
    if key and is_secret(key):
        return value if key == "code" and value in _ERROR_CODES else REDACTED
    if isinstance(value, Mapping):
        return {str(name): clean(part, str(name)) for name, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(part) for part in value]
    if isinstance(value, int):
        return mask(str(value)) if len(str(abs(value))) == 11 else value
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return mask(_PARAMETER.sub(rf"\1={REDACTED}", _JWT.sub(REDACTED, text)))


def _mask_eleven(match: re.Match[str]) -> str:
    text, (start, end) = match.string, match.span()
    alone = not (text[start - 1 : start].isalpha() or text[end : end + 1].isalpha())
    # Eleven digits inside a word may be part of a hash; the check digits tell the difference.
    return NATIONAL_NUMBER if alone or _checks(match[0]) else match[0]


def _checks(digits: str) -> bool:
    body, check = int(digits[:9]), int(digits[9:])
    # Born in or after 2000: the same with a 2 in front.
    return check in (97 - body % 97, 97 - (2_000_000_000 + body) % 97)
