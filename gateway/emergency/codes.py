"""Codes by which operators prove who they are: random, known to one person each, kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH: Final = 20
_HASH: Final = re.compile(r"scrypt:([0-9a-f]{32}):([0-9a-f]{64})")


def new_code() -> tuple[str, str]:
    """A code of 99 random bits, and its hash for the configuration."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    salt = secrets.token_bytes(16)
    return code, f"scrypt:{salt.hex()}:{_derived(code, salt).hex()}"


def is_hash(text: str) -> bool:
    """Whether this is the hash of a code."""
    return _HASH.fullmatch(text) is not None


def is_code(code: str, hashed: str) -> bool:
    """Whether the code is the one with this hash. Spaces, hyphens and capitals make no difference."""
    found = _HASH.fullmatch(hashed)
    if found is None:
        return False
    plain = re.sub(r"[\s-]", "", code).lower()
    return hmac.compare_digest(_derived(plain, bytes.fromhex(found[1])), bytes.fromhex(found[2]))


def _derived(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(code.encode(), salt=salt, n=2**14, r=8, p=1, maxmem=2**26, dklen=32)
