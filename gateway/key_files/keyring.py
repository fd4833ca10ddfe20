"""The secret keys of an environment, by purpose: read from files that hold one key, or several with the newest first.

A file with several keys is text: a first line that says so, and one line `PURPOSE CREATED KEY` for each key. Any other
file, and any environment variable, is one key. A purpose without lines of its own uses the keys for sessions: every
use derives from a key with a label of its own (HKDF, RFC 5869, or HMAC).
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, get_args

from gateway.settings import Secret

Purpose = Literal["sessions", "flows", "pseudonyms", "records"]
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
SHORTEST: Final = 32
"""Octets of the shortest key."""

SHOWN: Final = 12
"""How many characters of the id of a key are shown."""

_FIRST_LINE: Final = "# toegangspoort keys 1"
_ABOUT: Final = (
    "# Written by `gateway keys`. Of each purpose the newest key comes first; it is used once every gateway has it.",
    "# The others still open what they sealed. Whoever has this file can make sessions: keep it secret.",
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `created` is in seconds since the epoch, None where nobody wrote it down."""

    purpose: Purpose
    octets: bytes = field(repr=False)
    created: float | None = field(default=None, compare=False)

    @property
    def id(self) -> str:
        """By which logs, records and commands name it: it gives nothing away."""
        named = b"\0".join((b"toegangspoort key", self.purpose.encode(), self.octets))
        return hashlib.sha256(named).hexdigest()[:SHOWN]


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys for one purpose, by reference: the file with the newest first, then earlier ones."""

    purpose: Purpose
    secrets: tuple[Secret, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that the keys are read from."""
        return tuple(secret.path for secret in self.secrets if secret.path is not None)

    @property
    def keeps_several(self) -> bool:
        """Whether its first file has room for several keys. Raises ValueError where it cannot be read."""
        return is_key_file(self.secrets[0].read())

    def read(self) -> tuple[Key, ...]:
        """The keys, newest first, each once. Raises ValueError with a message for operators."""
        found: dict[bytes, Key] = {}
        for secret in self.secrets:
            for key in keys_in(secret.read(), self.purpose, name=secret.reference):
                found.setdefault(key.octets, key)
        return tuple(found.values())

    def octets(self) -> tuple[bytes, ...]:
        """The keys themselves, newest first. Raises ValueError with a message for operators."""
        return tuple(key.octets for key in self.read())


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """The keys for one purpose as they were read. `take` puts them in force, the one of this id to be used first.

    `since` has their ids, newest first, and since when the others can know them (seconds since the epoch; 0 where that
    does not matter). Only keys that this process can use itself are in it.
    """

    since: Mapping[str, float]
    take: Callable[[str], None]


def is_key_file(content: bytes) -> bool:
    """Whether this has room for several keys."""
    return content.partition(b"\n")[0].rstrip() == _FIRST_LINE.encode()


def keys_in(content: bytes, purpose: Purpose, *, name: str) -> tuple[Key, ...]:
    """The keys for this purpose in a secret, at least one. Raises ValueError; `name` is how messages call the secret."""
    if not is_key_file(content):
        return (_checked(Key(purpose, content), name),)
    found = read_key_file(content, name=name)
    keys = found.get(purpose) or tuple(
        Key(purpose, key.octets, key.created) for key in found.get("sessions", ())
    )
    if not keys:
        raise ValueError(f"{name} has no key for {purpose}: `gateway keys rotate {purpose}` makes one")
    return keys


def read_key_file(content: bytes, *, name: str) -> Mapping[Purpose, tuple[Key, ...]]:
    """All keys of a file that has several, newest first. Raises ValueError with the line at fault."""
    found: dict[Purpose, tuple[Key, ...]] = {}
    try:
        lines = content.decode("ascii").splitlines()
    except UnicodeDecodeError as problem:
        raise ValueError(f"{name} is not a file of keys: it has other characters than ASCII") from problem
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            key = _checked(_key(line, f"{name}:{number}"), f"{name}:{number}")
            found[key.purpose] = (*found.get(key.purpose, ()), key)
    return found


def write_key_file(keys: Iterable[Key]) -> bytes:
    """The content of a file with these keys; those of one purpose newest first."""
    ordered = sorted(keys, key=lambda key: PURPOSES.index(key.purpose))
    return "\n".join((_FIRST_LINE, *_ABOUT, *map(_line, ordered), "")).encode("ascii")


def in_order(keys: Sequence[Key], first: str) -> tuple[Key, ...]:
    """The keys with the one of this id before all others."""
    return tuple(sorted(keys, key=lambda key: key.id != first))


def agreed_key(
    own: Mapping[str, float], others: Iterable[Mapping[str, float]], *, announced_for: float, now: float
) -> str:
    """The id of the key to use: the newest that all processes have had for this many seconds.

    `own` and `others` are as `KeyChoice.since`: of this process, newest first, and of every other one. While no key is
    ready, it is the oldest that all have; while they share none, the newest of our own that is ready.
    """
    everybody = (own, *others)
    shared = [key for key in own if all(key in each for each in everybody)]
    ready = [key for key in shared if max(each[key] for each in everybody) + announced_for <= now]
    if shared:
        return ready[0] if ready else shared[-1]
    return next((key for key, since in own.items() if since + announced_for <= now), [*own][-1])


def _line(key: Key) -> str:
    created = "-" if key.created is None else datetime.fromtimestamp(key.created, UTC).isoformat()
    return f"{key.purpose} {created} {urlsafe_b64encode(key.octets).decode('ascii')}"


def _key(line: str, where: str) -> Key:
    parts = line.split()
    purposes: Iterator[Purpose] = (each for each in PURPOSES if parts[0] == each)
    purpose = next(purposes, None)
    if len(parts) != 3 or purpose is None:
        raise ValueError(
            f"{where}: write PURPOSE CREATED KEY, with one of {', '.join(PURPOSES)} as the purpose"
        )
    try:
        created = None if parts[1] == "-" else datetime.fromisoformat(parts[1]).timestamp()
        return Key(purpose, urlsafe_b64decode(parts[2]), created)
    except ValueError as problem:
        raise ValueError(f"{where}: the time or the key is damaged") from problem


def _checked(key: Key, name: str) -> Key:
    if len(key.octets) < SHORTEST:
        raise ValueError(f"{name}: a key has at least {SHORTEST} octets; `gateway keys generate` makes one")
    return key
