"""The hash chain over decision records: each line proves the one before it, and `verify` checks whole files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

START = "0" * 64


class Chain:
    """Links the lines that one process writes: every line contains the SHA-256 of the one before.

    `name` consists of letters and digits.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._length = 0
        self._head = START

    def link(self, record: str) -> bytes:
        """The record, a JSON object in ASCII with at least one member, as the next line with its line end."""
        line = f'{record[:-1]},"chain":"{self.name}","seq":{self._length},"prev":"{self._head}"}}'.encode(
            "ascii"
        )
        self._head = sha256(line).hexdigest()
        self._length += 1
        return line + b"\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the chain is broken. `line` counts from 1; 0 is the end of the file."""

    file: str
    line: int
    kind: Literal["unreadable", "changed", "missing", "repeated"]
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


@dataclass(frozen=True, slots=True)
class Link:
    """One chain: its number of lines, whether its beginning and its end were seen, and its last hash."""

    chain: str
    lines: int
    first: int
    begun: bool
    ended: bool
    head: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome of `verify`. Keep the `head` of a chain elsewhere to prove later that nothing was cut off."""

    lines: int
    chains: tuple[Link, ...]
    faults: tuple[Fault, ...]
    # Lines that were cut off by a full disk; the same record follows whole, so they prove nothing and hide nothing.
    cut: tuple[Fault, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether every line is there, unchanged and in its place."""
        return not self.faults


@dataclass(slots=True)
class _Progress:
    first: int
    expected: int
    head: str | None
    lines: int = 0
    ended: bool = False


def verify(
    files: Iterable[tuple[str, Iterable[bytes]]], *, continued: bool = False, kept: Iterable[str] = ()
) -> Proof:
    """Check every chain in these files, oldest file first; each file is a name and its lines.

    A changed, removed, added or moved line is a fault. Removal from the end of a chain that has not ended only
    shows against a `head` that was kept elsewhere: `kept` are such hashes, and their records must be there. With
    `continued`, files older than the first are known to be gone: a chain may begin in the middle of that one.
    """
    wanted = dict.fromkeys(kept)
    file = ""
    chains: dict[str, _Progress] = {}
    faults: list[Fault] = []
    cut: list[Fault] = []
    total = 0
    for position, (file, lines) in enumerate(files):
        may_begin_later = continued and position == 0
        for number, raw in enumerate(lines, 1):
            line = raw.rstrip(b"\n")
            if not line:
                continue
            total += 1
            record = _read(line)
            if record is None and not _begun(line):
                faults.append(Fault(file, number, "unreadable", "this is not a decision record"))
                continue
            if record is None:
                cut.append(
                    Fault(file, number, "unreadable", "not a whole record: cut off while it was written")
                )
                continue
            fault = _follow(chains, record, line, may_begin_later)
            wanted.pop(chains[record["chain"]].head or "", None)
            if fault is not None:
                faults.append(Fault(file, number, *fault))
    for head in wanted:
        faults.append(Fault(file, 0, "missing", f"the record with the hash {head} is gone"))
    found = tuple(
        Link(name, each.lines, each.first, each.first == 0, each.ended, each.head or START)
        for name, each in chains.items()
    )
    return Proof(total, found, tuple(faults), tuple(cut))


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    fits = (
        isinstance(record, dict)
        and isinstance(record.get("chain"), str)
        and isinstance(record.get("seq"), int)
        and isinstance(record.get("prev"), str)
    )
    return record if fits else None


def _begun(line: bytes) -> bool:
    """Whether this can be the beginning of a record that was cut off: no whole JSON, but begun as an object."""
    if not line.startswith(b"{"):
        return False
    try:
        json.loads(line)
    except ValueError:
        return True
    return False


_Found = tuple[Literal["unreadable", "changed", "missing", "repeated"], str]


def _follow(
    chains: dict[str, _Progress], record: dict[str, Any], line: bytes, may_begin_later: bool
) -> _Found | None:
    name, sequence, prev = record["chain"], record["seq"], record["prev"]
    progress = chains.get(name)
    if progress is None:
        late = sequence > 0 and may_begin_later
        progress = chains[name] = _Progress(sequence, sequence if late else 0, None if late else START)
    head = sha256(line).hexdigest()
    fault: _Found | None = None
    if sequence < progress.expected:
        return "repeated", f"record {sequence} of chain {name} is repeated or in the wrong place"
    if progress.ended:
        fault = "changed", f"record {sequence} comes after the end of chain {name}"
    elif sequence > progress.expected:
        gone = sequence - progress.expected
        fault = "missing", f"{gone} record(s) of chain {name} are gone before record {sequence}"
    elif progress.head is not None and prev != progress.head:
        before = "its beginning" if sequence == 0 else f"record {sequence - 1}"
        fault = "changed", f"record {sequence} of chain {name} does not follow from {before}: one was changed"
    progress.expected = sequence + 1
    progress.head = head
    progress.lines += 1
    progress.ended = record.get("kind") == "end"
    return fault
