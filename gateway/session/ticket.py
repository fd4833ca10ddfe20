"""Tickets and the cipher: the ticket in the browser opens exactly one session of exactly one environment.

A stolen store opens nothing, because the key of each session is derived from its ticket and the environment's key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_TICKET = re.compile(r"[A-Za-z0-9_-]{43}(\.[A-Za-z0-9_-]{22})?")
_UNBOUND = 43
_VERSION = 1
_NONCE = 12
_KEY_MARK = 4
# The octets of a session's ticket: random ones, and a mark that this environment gave it out.
_RANDOM, _MARK = 20, 12
SHORTEST_KEY = 32


def new_ticket() -> str:
    """256 random bits, base64url without padding: 43 characters."""
    return _text(os.urandom(_RANDOM + _MARK))


def is_ticket(text: str) -> bool:
    """Whether this can be a ticket at all, so that nonsense never reaches the store."""
    return _TICKET.fullmatch(text) is not None


def binding_of(text: str) -> str:
    """The id of the binding that a ticket names, "" for a ticket of a session that is not bound to a key."""
    return text[_UNBOUND + 1 :]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket: `text` is in the browser, `key`, the SHA-256 of environment and text, is in the store."""

    text: str = field(repr=False)
    key: bytes = field(repr=False)

    @property
    def session_id(self) -> str:
        """The public id of its session: it opens nothing."""
        return session_id(self.key)


def session_id(key: bytes) -> str:
    """The public id of the session under this key of the store: it opens nothing."""
    return key.hex()[:16]


class SessionCipher:
    """Seals and opens the sessions of one environment; `keys` are its keys, the one for new sessions first.

    Raises ValueError for a key that is too short.
    """

    def __init__(self, environment: str, keys: tuple[bytes, ...]) -> None:
        for key in keys:
            if len(key) < SHORTEST_KEY:
                raise ValueError(
                    f"a session key has at least {SHORTEST_KEY} octets; `gateway keys generate` makes one"
                )
        self._environment = environment.encode("ascii")
        self._keys = {hashlib.sha256(key).digest()[:_KEY_MARK]: key for key in reversed(keys)}
        self._first = hashlib.sha256(keys[0]).digest()[:_KEY_MARK]

    def new_ticket(self, binding: str = "") -> Ticket:
        """A ticket for a session: 160 random bits, and 96 bits by which `issued` knows it.

        The ticket of a bound session names its `binding` too, so that it cannot pass for one of a session without.
        """
        octets = os.urandom(_RANDOM)
        text = _text(octets + self._mark(self._keys[self._first], octets, binding))
        return self.ticket(f"{text}.{binding}" if binding else text)

    def issued(self, text: str) -> bool:
        """Whether this environment gave out this ticket, whatever became of its session since."""
        if not is_ticket(text):
            return False
        octets, binding = urlsafe_b64decode(text[:_UNBOUND] + "="), binding_of(text)
        return text[:_UNBOUND] == _text(octets) and any(
            hmac.compare_digest(octets[_RANDOM:], self._mark(key, octets[:_RANDOM], binding))
            for key in self._keys.values()
        )

    def _mark(self, key: bytes, octets: bytes, binding: str) -> bytes:
        marked = b"toegangspoort ticket\0" + self._environment + b"\0" + octets + binding.encode("ascii")
        return hmac.digest(key, marked, "sha256")[:_MARK]

    def sign(self, purpose: str, content: bytes) -> bytes:
        """A mark of 128 bits that only this environment makes, for this purpose."""
        return self._signature(self._keys[self._first], purpose, content)

    def signed(self, purpose: str, content: bytes, mark: bytes) -> bool:
        """Whether `mark` is such a mark, under any key that is read."""
        return any(
            hmac.compare_digest(mark, self._signature(key, purpose, content)) for key in self._keys.values()
        )

    def _signature(self, key: bytes, purpose: str, content: bytes) -> bytes:
        signed = b"\0".join((b"toegangspoort mark", self._environment, purpose.encode("ascii"), content))
        return hmac.digest(key, signed, "sha256")[:16]

    def ticket(self, text: str) -> Ticket:
        """The ticket with this text, which is ASCII."""
        key = hashlib.sha256(b"toegangspoort\0" + self._environment + b"\0" + text.encode("ascii")).digest()
        return Ticket(text, key)

    def index(self, kind: str, value: str) -> bytes:
        """A keyed hash, to find sessions by subject or organisation without writing either down."""
        return self._index(self._keys[self._first], kind, value)

    def indexes(self, kind: str, value: str) -> list[bytes]:
        """The same under every key that is still read, so that older sessions are found too."""
        return [self._index(key, kind, value) for key in self._keys.values()]

    def _index(self, key: bytes, kind: str, value: str) -> bytes:
        text = b"\0".join(
            (b"toegangspoort index", self._environment, kind.encode(), value.encode("utf-8", "replace"))
        )
        return hmac.digest(key, text, "sha256")[:16]

    def seal(self, ticket: Ticket, plain: bytes, *, purpose: str = "") -> bytes:
        """Version, key mark, nonce and AES-256-GCM ciphertext, bound to environment, ticket and purpose."""
        return self._sealed(self._first, ticket, plain, purpose)

    @property
    def key_count(self) -> int:
        """How many keys are read."""
        return len(self._keys)

    def seal_each(self, ticket: Ticket, plain: bytes, *, purpose: str) -> list[bytes]:
        """The same under every key that is read, for gateways that have only one of them yet or still."""
        return [self._sealed(mark, ticket, plain, purpose) for mark in self._keys]

    def _sealed(self, mark: bytes, ticket: Ticket, plain: bytes, purpose: str) -> bytes:
        nonce = os.urandom(_NONCE)
        head = bytes((_VERSION,)) + mark
        cipher = self._cipher(self._keys[mark], ticket)
        return head + nonce + cipher.encrypt(nonce, plain, head + ticket.key + purpose.encode())

    def open(self, ticket: Ticket, sealed: bytes, *, purpose: str = "") -> bytes | None:
        """What was sealed; None for anything that this environment did not seal for this ticket and purpose."""
        head, nonce, body = (
            sealed[: 1 + _KEY_MARK],
            sealed[1 + _KEY_MARK :][:_NONCE],
            sealed[1 + _KEY_MARK + _NONCE :],
        )
        key = self._keys.get(head[1:])
        if key is None or head[0] != _VERSION or len(nonce) != _NONCE:
            return None
        bound = head + ticket.key + purpose.encode()
        try:
            return self._cipher(key, ticket).decrypt(nonce, body, bound)
        except InvalidTag:
            return None

    def _cipher(self, key: bytes, ticket: Ticket) -> AESGCM:
        info = b"toegangspoort session " + self._environment
        return AESGCM(HKDF(SHA256(), 32, salt=ticket.text.encode("ascii"), info=info).derive(key))


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
