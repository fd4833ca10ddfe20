"""Beside the file of records: how far each of its chains has come, sealed, so that what is cut off at the end is missed."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from gateway.files.atomic_file import locked, replace
from gateway.files.plain_file import read_plain
from gateway.observe.chain import ChainKey, Mark

_VERSION: Final = 1


class HeadBroken(ValueError):
    """The file is not there though it should be, or was not written with any of the keys."""


def head_path(records: Path) -> Path:
    """The file beside this file of records."""
    return records.with_name(f"{records.name}.head")


class SealedHead:
    """The marks of the chains that no later start of a process refers to, for all processes that write one file.

    A process that begins takes over the marks that are there: its first record names them. It notes its own afterwards.
    """

    def __init__(self, records: Path, keys: Sequence[ChainKey]) -> None:
        """The first key seals, every key is accepted."""
        self.path = head_path(records)
        self._keys = tuple(keys)

    def use_keys(self, keys: Sequence[ChainKey]) -> None:
        """Seal with the first of these from now on."""
        self._keys = tuple(keys)

    def read(self) -> tuple[Mark, ...]:
        """The marks. Raises HeadBroken, and OSError."""
        try:
            content = read_plain(self.path)
        except FileNotFoundError as problem:
            raise HeadBroken(f"{self.path} is gone") from problem
        return _opened(content, self._keys, self.path)

    def begin(self, write: Callable[[Sequence[Mark]], Mark]) -> None:
        """Let `write` begin a chain that refers to the marks that are there; its mark takes their place.

        Raises OSError. Where the file is not there or broken there are no marks: the check of the records shows it.
        """
        with locked(self.path):
            try:
                earlier = self.read()
            except HeadBroken:
                earlier = ()
            self._put((write(earlier),))

    def note(self, marks: Iterable[Mark], *, make: bool = False) -> None:
        """Put these marks in place of those of the same chains. Raises OSError, and HeadBroken: then nothing is changed.

        With `make`, a file that is not there is made.
        """
        with locked(self.path):
            earlier = () if make and not self.path.exists() else self.read()
            found = {mark.chain: mark for mark in earlier}
            self._put((found | {mark.chain: mark for mark in marks}).values())

    def _put(self, marks: Iterable[Mark]) -> None:
        key = self._keys[0]
        data = {"v": _VERSION, "key": key.id, "marks": [mark.to_dict() for mark in marks]}
        replace(self.path, json.dumps({**data, "mac": _seal(key, data)}, indent=1).encode("ascii") + b"\n")


def _opened(content: bytes, keys: Iterable[ChainKey], path: Path) -> tuple[Mark, ...]:
    try:
        data: dict[str, Any] = json.loads(content)
        seal = data.pop("mac")
        if any(hmac.compare_digest(_seal(key, data), seal) for key in keys):
            return tuple(Mark(**each) for each in data["marks"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise HeadBroken(f"{path} is damaged") from problem
    raise HeadBroken(
        f"{path} was not sealed with any of the keys for records: it was changed, or the key is gone"
    )


def _seal(key: ChainKey, data: dict[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":")).encode("ascii")
    return hmac.digest(key.octets, b"head " + text, "sha256").hex()
