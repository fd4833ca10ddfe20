"""Lists of what operators order, as text: in the session store, where all gateways read them, and in files of one machine.

A file is replaced as a whole and readable by its owner only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from gateway.files.atomic_file import locked, replace
from gateway.files.plain_file import read_plain
from gateway.files.reason import reason

E = TypeVar("E")
OF_STORE: Final = "what the session store has"
"""The source of orders that all gateways share, in words for operators."""
_VERSION: Final = 1
# What other content raises where it is taken for such a list.
_NO_LIST: Final = (
    TypeError, KeyError, AttributeError, ValueError, OverflowError, RecursionError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderList(Generic[E]):
    """Lists of one kind. `name` is that kind, and the key of the list; `entry` makes a dataclass of plain data.

    `entry` may raise anything that is wrong with the data. All methods raise ValueError with a message for operators.
    """

    name: str
    entry: Callable[[dict[str, Any]], E]

    def read(self, path: Path, environment: str) -> tuple[E, ...] | None:
        """The list of this environment; None where there is no file."""
        content = _content(path)
        return self.parsed(content, environment, str(path)) if content is not None else None

    def read_copy(self, path: Path, environment: str) -> tuple[E, ...]:
        """The list in a copy of the shared one; empty where there is no copy."""
        content = _content(path)
        if content is None:
            return ()
        try:
            order = json.dumps(json.loads(content)["order"]).encode("ascii")
        except _NO_LIST as problem:
            raise ValueError(f"{path} is not a copy of {self.name}: {problem!r:.200}") from problem
        return self.parsed(order, environment, str(path))

    def parsed(self, content: bytes, environment: str, source: str) -> tuple[E, ...]:
        """The list in a text; `source` says where that comes from, in words for operators. Raises ValueError."""
        try:
            data = json.loads(content)
            version, owner = data["version"], data["environment"]
            found = tuple(self.entry(each) for each in data[self.name]) if version == _VERSION else ()
        except _NO_LIST as problem:
            raise ValueError(f"{source} is not a file of {self.name}: {problem!r:.200}") from problem
        if version != _VERSION:
            raise ValueError(f"{source} has version {version!r:.20}, not {_VERSION}")
        if owner != environment:
            raise ValueError(
                f"{source} contains the {self.name} of environment {owner!r:.40}, not {environment!r}"
            )
        return found

    def text(self, entries: Sequence[E], environment: str) -> bytes:
        """These entries as JSON in ASCII."""
        plain = [asdict(each) for each in entries]  # type: ignore[call-overload]
        data = {"version": _VERSION, "environment": environment, self.name: plain}
        return json.dumps(data, indent=1).encode("ascii") + b"\n"

    def change(
        self, path: Path, environment: str, make: Callable[[tuple[E, ...]], Sequence[E]]
    ) -> tuple[E, ...]:
        """Replace the list by what `make` makes of it, under a lock; the list that is in the file then.

        Where that fails, the file is as it was.
        """
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(path):
                entries = tuple(make(self.read(path, environment) or ()))
                replace(path, self.text(entries, environment))
                return self.read(path, environment) or ()
        except OSError as problem:
            raise ValueError(f"cannot write {path}: {reason(problem)}") from problem


def check_entry(texts: Sequence[object], numbers: Sequence[object]) -> None:
    """Raise TypeError unless these are texts and numbers. NaN, which JSON of Python allows, is before no moment."""
    if not all(isinstance(each, str) for each in texts):
        raise TypeError("a text is missing")
    if not all(isinstance(each, (int, float)) and not math.isnan(each) for each in numbers):
        raise TypeError("a number is missing")


def _content(path: Path) -> bytes | None:
    try:
        return read_plain(path)
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise ValueError(f"cannot read {path}: {reason(problem)}") from problem
