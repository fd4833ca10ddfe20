"""Blocks as text: in the session store, where all gateways read them, and in a file for the gateways of one machine.

The file is replaced as a whole and readable by its owner only. People are known by their pseudonym.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from gateway.atomic_file import locked, replace

_VERSION: Final = 1
_MOST_BYTES: Final = 16_777_216
# What other content than blocks raises where it is taken for them.
_NOT_BLOCKS: Final = (
    TypeError, KeyError, AttributeError, ValueError, OverflowError, RecursionError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """Somebody who is kept out: an organisation by its code, or a person by pseudonym.

    `until` and `added` are seconds since the epoch; without `until` the block lasts until it is removed. `reason` and
    `by` are for operators, and never shown to those who are blocked. `keys` are the ids of the keys for pseudonyms of
    which one made the pseudonym; nothing is known of an older block's.
    """

    id: str
    kind: Literal["organisation", "person"]
    value: str
    reason: str
    by: str
    added: float
    until: float | None = None
    keys: tuple[str, ...] = ()

    def under_lost_key(self, keys: Set[str]) -> bool:
        """Whether its pseudonym may be under a key that is not one of these, so that nobody is known by it."""
        return self.kind == "person" and not keys >= set(self.keys)

    def in_force(self, now: float) -> bool:
        """Whether it is in force at this moment (seconds since the epoch)."""
        return self.until is None or now < self.until


def read(path: Path, environment: str) -> tuple[Block, ...] | None:
    """The blocks of this environment; None where there is no file.

    Raises ValueError with a message for operators where the file cannot be read, and as `parsed` does.
    """
    content = _content(path)
    return parsed(content, environment, str(path)) if content is not None else None


def read_copy(path: Path, environment: str) -> tuple[Block, ...]:
    """The blocks in a copy of the shared ones; none where there is no copy. Raises ValueError as `read` does."""
    content = _content(path)
    if content is None:
        return ()
    try:
        order = json.dumps(json.loads(content)["order"]).encode("ascii")
    except _NOT_BLOCKS as problem:
        raise ValueError(f"{path} is not a copy of blocks: {problem!r:.200}") from problem
    return parsed(order, environment, str(path))


def _content(path: Path) -> bytes | None:
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
    return content


def parsed(content: bytes, environment: str, place: str) -> tuple[Block, ...]:
    """The blocks in a text that comes from this place.

    Raises ValueError with a message for operators where it is broken, or of another environment.
    """
    try:
        data = json.loads(content)
        version, owner = data["version"], data["environment"]
        found = tuple(_block(each) for each in data["blocks"]) if version == _VERSION else ()
    except _NOT_BLOCKS as problem:
        raise ValueError(f"{place} is not a file of blocks: {problem!r:.200}") from problem
    if version != _VERSION:
        raise ValueError(f"{place} has version {version!r:.20}, not {_VERSION}")
    if owner != environment:
        raise ValueError(f"{place} contains the blocks of environment {owner!r:.40}, not {environment!r}")
    return found


def text(blocks: Sequence[Block], environment: str) -> bytes:
    """These blocks as JSON in ASCII."""
    data = {"version": _VERSION, "environment": environment, "blocks": [asdict(block) for block in blocks]}
    return json.dumps(data, indent=1).encode("ascii") + b"\n"


def _block(data: dict[str, Any]) -> Block:
    block = Block(**{**data, "keys": tuple(data.get("keys", ()))})
    until = block.until
    texts = (block.id, block.kind, block.value, block.reason, block.by, *block.keys)
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
        with locked(path):
            blocks = tuple(make(read(path, environment) or ()))
            replace(path, text(blocks, environment))
            return read(path, environment) or ()
    except OSError as problem:
        raise ValueError(f"cannot write {path}: {problem.strerror}") from problem
