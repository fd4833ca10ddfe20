"""The file of blocks: one small file per environment, replaced as a whole, readable by its owner only.

It contains no names of persons: people are known by their pseudonym.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

_VERSION: Final = 1
_MOST_BYTES: Final = 16_777_216


@dataclass(frozen=True, slots=True)
class Block:
    """Somebody who is kept out: an organisation by its code, or a person by pseudonym.

    `until` and `added` are seconds since the epoch; without `until` the block lasts until it is removed. `reason` and
    `by` are for operators, and never shown to those who are blocked.
    """

    id: str
    kind: Literal["organisation", "person"]
    value: str
    reason: str
    by: str
    added: float
    until: float | None = None

    def in_force(self, now: float) -> bool:
        """Whether it is in force at this moment (seconds since the epoch)."""
        return self.until is None or now < self.until


def read(path: Path, environment: str) -> tuple[Block, ...] | None:
    """The blocks of this environment; None where there is no file.

    Raises ValueError with a message for operators where the file cannot be read, is broken, or belongs to another
    environment.
    """
    try:
        # A pipe in its place would be waited for.
        if path.exists() and not path.is_file():
            raise ValueError(f"cannot read {path}: it is not a file")
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise ValueError(f"cannot read {path}: {problem.strerror}") from problem
    if len(content) > _MOST_BYTES:
        raise ValueError(f"cannot read {path}: it is larger than {_MOST_BYTES} bytes")
    try:
        data = json.loads(content)
        if data["version"] != _VERSION:
            raise ValueError(f"{path} has version {data['version']}, not {_VERSION}")
        found = tuple(_block(each) for each in data["blocks"])
        owner = data["environment"]
    except (
        TypeError,
        KeyError,
        OverflowError,
        RecursionError,
        json.JSONDecodeError,
        UnicodeDecodeError,
    ) as problem:
        raise ValueError(f"{path} is not a file of blocks: {problem!r}") from problem
    if owner != environment:
        raise ValueError(f"{path} contains the blocks of environment {owner!r}, not {environment!r}")
    return found


def _block(data: dict[str, Any]) -> Block:
    block = Block(**data)
    until = block.until
    texts = (block.id, block.kind, block.value, block.reason, block.by)
    numbers = (block.added, until if until is not None else 0)
    # NaN, which JSON of Python allows, is before no moment: such a block would be over.
    if not all(isinstance(text, str) for text in texts) or not all(
        isinstance(number, (int, float)) and not math.isnan(number) for number in numbers
    ):
        raise TypeError(f"block {block.id!r}")
    if block.kind not in ("organisation", "person"):
        raise TypeError(f"block {block.id!r} has the unknown kind {block.kind!r}")
    return block


def change(
    path: Path, environment: str, make: Callable[[tuple[Block, ...]], Sequence[Block]]
) -> tuple[Block, ...]:
    """Replace the blocks by what `make` makes of them, under a lock; the blocks that are in the file then.

    Raises ValueError where the file cannot be read or written; then it is as it was.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path.with_name(f"{path.name}.lock")):
            blocks = tuple(make(read(path, environment) or ()))
            data = {
                "version": _VERSION,
                "environment": environment,
                "blocks": [asdict(block) for block in blocks],
            }
            _replace(path, json.dumps(data, indent=1).encode("ascii") + b"\n")
            return read(path, environment) or ()
    except OSError as problem:
        raise ValueError(f"cannot write {path}: {problem.strerror}") from problem


@contextlib.contextmanager
def _locked(lock: Path) -> Iterator[None]:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        # A gateway that runs under another user than the operator must still be able to read it.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            about = path.stat() if path.exists() else path.parent.stat()
            os.chown(fresh, about.st_uid, about.st_gid)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
