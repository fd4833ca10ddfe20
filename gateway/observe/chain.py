"""The chain of decision records that one process writes: each line proves the one before it, and is sealed with a key."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.key_files.keyring import Key

START: Final = "0" * 64
_BLOCK: Final = 64
_SEAL: Final = re.compile(rb',"mac":"([0-9a-f]{32})"\}$')


@dataclass(frozen=True, slots=True)
class ChainKey:
    """The key of a chain. `id` is that of the key that it is derived from."""

    id: str
    octets: bytes = field(repr=False)
    _inner: bytes = field(init=False, repr=False, compare=False)
    _outer: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.octets) > _BLOCK:
            raise ValueError(f"a key for a chain has at most {_BLOCK} octets")
        padded = self.octets.ljust(_BLOCK, b"\0")
        object.__setattr__(self, "_inner", bytes(each ^ 0x36 for each in padded))
        object.__setattr__(self, "_outer", bytes(each ^ 0x5C for each in padded))

    @classmethod
    def of(cls, key: Key, environment: str) -> ChainKey:
        """Derived for the records of one environment (HKDF, RFC 5869)."""
        info = f"toegangspoort record chain {environment}".encode()
        return cls(key.id, HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key.octets))

    def seal(self, digest: bytes) -> str:
        """The seal of a line, by its digest: 32 hexadecimal digits."""
        # HMAC (RFC 2104) by hand: OpenSSL takes several times as long to set one up, and each record needs one.
        return sha256(self._outer + sha256(self._inner + digest).digest()).digest()[:16].hex()


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a chain has come: its last record and the hash of that. `now` is when, in seconds since the epoch."""

    chain: str
    seq: int
    head: str
    now: float
    ended: bool = False

    def to_dict(self) -> Mapping[str, str | int | float | bool]:
        """The mark as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


class Chain:
    """Links the lines that one process writes: every line contains the SHA-256 of the one before, and an HMAC with `key`.

    `name` consists of letters and digits.
    """

    def __init__(self, name: str, key: ChainKey) -> None:
        self.name = name
        self.key = key
        self._length = 0
        self._head = START

    def link(self, record: str) -> bytes:
        """The record, a JSON object in ASCII with at least one member, as the next line with its line end."""
        line = f'{record[:-1]},"chain":"{self.name}","seq":{self._length},"prev":"{self._head}"'.encode(
            "ascii"
        )
        digest = sha256(line + b"}").digest()
        self._head = digest.hex()
        self._length += 1
        return b'%b,"mac":"%b"}\n' % (line, self.key.seal(digest).encode("ascii"))

    def mark(self, now: float, *, ended: bool = False) -> Mark:
        """How far the chain has come."""
        return Mark(self.name, self._length - 1, self._head, now, ended)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A line: its digest, and its seal, None on a line of a version that had none."""

    digest: bytes
    seal: str | None

    @classmethod
    def of(cls, line: bytes) -> Sealed:
        """The parts of a line without its line end."""
        found = _SEAL.search(line)
        if found is None:
            return cls(sha256(line).digest(), None)
        return cls(sha256(line[: found.start()] + b"}").digest(), found[1].decode("ascii"))

    def by(self, keys: Iterable[ChainKey]) -> ChainKey | None:
        """The key that sealed it; None where it is none of these."""
        seal = self.seal
        if seal is None:
            return None
        return next((key for key in keys if hmac.compare_digest(key.seal(self.digest), seal)), None)
