"""Tokens for the next page of a search: sealed, so that nobody can read, make or use one for another question."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.authzen.messages import Unanswerable

_NONCE: Final = 12
_SECONDS: Final = 3_600
_LONGEST: Final = 512


@dataclass(frozen=True, slots=True)
class PagePosition:
    """Where the next page begins, and how many results it has at most."""

    start: int
    limit: int


def question_hash(*parts: Any) -> bytes:
    """A hash of a question: the same for the same parts, whatever the order of names in them."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).digest()


class PageTokens:
    """Seals and opens tokens for one environment. `keys` gives the keys, the one to seal with first; `clock` the seconds
    since the epoch."""

    def __init__(
        self, environment: str, keys: Callable[[], Sequence[bytes]], clock: Callable[[], float]
    ) -> None:
        self._info = f"toegangspoort authzen page {environment}".encode()
        self._keys = keys
        self._clock = clock
        self._ciphers: tuple[AESGCM, ...] = ()

    def start(self) -> None:
        """Read the keys. Raises ValueError with a message for operators."""
        self.use_keys(self._keys())

    def use_keys(self, keys: Sequence[bytes]) -> None:
        """Seal with the first of these from now on."""
        self._ciphers = tuple(AESGCM(HKDF(SHA256(), 32, None, self._info).derive(key)) for key in keys)

    def seal(self, position: PagePosition, asked: bytes) -> str:
        """The token that leads to this place in the answer to this question."""
        nonce = os.urandom(_NONCE)
        plain = json.dumps([position.start, position.limit, int(self._clock()) + _SECONDS]).encode()
        sealed = self._ciphers[0].encrypt(nonce, plain, asked)
        return urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()

    def open(self, token: str, asked: bytes) -> PagePosition:
        """The place. Raises Unanswerable for a token of another question, one that is too old, or none of ours."""
        for cipher in self._ciphers:
            found = _opened(cipher, token, asked)
            if found is not None:
                start, limit, until = json.loads(found)
                if until > self._clock():
                    return PagePosition(start, limit)
        raise Unanswerable("page.token: not a token for this question, or too old: begin again without it")

    @staticmethod
    def same(question_data: Mapping[str, Any]) -> dict[str, Any]:
        """What must stay the same from page to page, beside the limit, which is in the token."""
        page = question_data.get("page", {})
        return {
            **question_data,
            "page": {name: page[name] for name in page if name not in ("token", "limit")},
        }


def _opened(cipher: AESGCM, token: str, asked: bytes) -> bytes | None:
    try:
        octets = urlsafe_b64decode(token[:_LONGEST] + "=" * (-len(token) % 4))
        return cipher.decrypt(octets[:_NONCE], octets[_NONCE:], asked)
    except (InvalidTag, Error, ValueError):
        return None
