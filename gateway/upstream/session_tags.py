"""The tags by which the gateway knows whose session of the register a cookie or an address names."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gateway.model import Identity

LENGTH: Final = 22
"""Characters of a tag: 128 bits, base64url."""

SEPARATOR: Final = b"~"
"""Stands between a tag and the value."""

_KEPT: Final = 8_192
# Only somebody who wants to fill the memory sends a longer value.
_LONGEST_KEPT: Final = 512
_OCTETS: Final = 16


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom an exchange with the register belongs to.

    `name` differs for each owner and is b"" for somebody who is not logged in; `credential` is the request header
    that says who it is.
    """

    name: bytes = b""
    credential: bytes = b""


NOBODY: Final = Owner()


def owner_of(identity: Identity | None) -> Owner:
    """The same person, for the same organisation and with the same rights, is the same owner in every session."""
    if identity is None:
        return NOBODY
    organisation = identity.organisation.code if identity.organisation is not None else None
    rights = sorted([right.name, right.context or "", right.organisation] for right in identity.rights)
    parts = [
        identity.kind,
        identity.issuer,
        identity.subject,
        organisation,
        identity.doelgroep,
        rights,
        sorted(identity.scopes),
    ]
    name = json.dumps(parts).encode("ascii")
    return Owner(name, b"authorization" if identity.kind == "machine" else b"cookie")


class SessionTags:
    """Makes and checks the tags of one environment. `keys` reads its keys, the one for new tags first."""

    def __init__(self, environment: str, keys: Callable[[], Sequence[bytes]]) -> None:
        self._environment = environment.encode("ascii")
        self._read = keys
        self.keys: tuple[bytes, ...] = ()
        """What tags are made and checked with, derived from the keys; the one for new tags first."""
        self._made = lru_cache(_KEPT)(self._make)

    async def start(self) -> None:
        """Read the keys. Raises ValueError, with a message for operators, if one cannot be read."""
        self.use_keys(self._read())

    def use_keys(self, keys: Sequence[bytes]) -> None:
        """Make tags with the first of these keys from now on; those under any of them are known."""
        purpose = b"toegangspoort register session\0" + self._environment
        self.keys = tuple(hmac.digest(key, purpose, "sha256") for key in keys)

    async def aclose(self) -> None:
        """Forget the keys and all tags."""
        self.keys = ()
        self._made.cache_clear()

    def make(self, owner: Owner, name: bytes, value: bytes) -> bytes:
        """The tag of the session `value` that this owner has under a cookie or parameter of this name."""
        return self._tag(self.keys[0], owner, name, value)

    def belongs(self, tag: bytes, owner: Owner, name: bytes, value: bytes) -> bool:
        """Whether this is such a tag, under any key that is still read."""
        return len(tag) == LENGTH and any(
            hmac.compare_digest(tag, self._tag(key, owner, name, value)) for key in self.keys
        )

    def _tag(self, key: bytes, owner: Owner, name: bytes, value: bytes) -> bytes:
        make = self._made if len(name) + len(value) <= _LONGEST_KEPT else self._make
        return make(key, owner.name, name.lower(), value)

    @staticmethod
    def _make(key: bytes, owner: bytes, name: bytes, value: bytes) -> bytes:
        text = b"\0".join((owner, name, value))
        return urlsafe_b64encode(hmac.digest(key, text, "sha256")[:_OCTETS])[:LENGTH]
