"""Tokens in forms, so that no other site can send a form in somebody's name (CSRF)."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Final

_VALID_SECONDS: Final = 4 * 3600


class FormTokens:
    """Makes and checks tokens for one system. A token belongs to one person (any text that identifies them) for four hours.

    No cookie is needed: another site can neither read a page of ours nor make a token without `key`.
    """

    def __init__(self, key: bytes, clock: Callable[[], float]) -> None:
        self._key = key
        self._clock = clock

    def issue(self, who: str) -> str:
        """A token for the forms on a page of this person."""
        return self._signed(who, int(self._clock()))

    def is_valid(self, who: str, token: str | None) -> bool:
        """Whether this token was made for this person, not too long ago."""
        made, _, _ = (token or "").partition(".")
        if not (made.isascii() and made.isdigit() and len(made) < 16):
            return False
        age = self._clock() - int(made)
        genuine = hmac.compare_digest(
            self._signed(who, int(made)).encode(), (token or "").encode("utf-8", "replace")
        )
        return genuine and -60 <= age <= _VALID_SECONDS

    def _signed(self, who: str, made: int) -> str:
        return f"{made}.{hmac.new(self._key, f'{made}.{who}'.encode(), sha256).hexdigest()}"
