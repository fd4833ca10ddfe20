"""What files of decision records prove: that no line was changed, removed, added or moved, and that no chain is missing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from gateway.observe.chain import START, ChainKey, Mark, Sealed
from gateway.observe.record_reader import record_on

Kind = Literal["unreadable", "changed", "missing", "repeated", "unproven"]
Seal = Literal["proven", "unsealed", "not checked"]
_MOST_CUT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the proof fails. `line` counts from 1; 0 is the end of the file."""

    file: str
    line: int
    kind: Kind
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


@dataclass(frozen=True, slots=True)
class Link:
    """One chain: its number of lines, whether its beginning and its end were seen, its last hash, and its seals."""

    chain: str
    lines: int
    first: int
    begun: bool
    ended: bool
    head: str
    seal: Seal


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
        """Whether every line is there, unchanged and in its place, as far as it was checked."""
        return not self.faults


@dataclass(slots=True)
class _Progress:
    first: int
    expected: int
    head: str | None
    seal: Seal
    key: ChainKey | None = None
    lines: int = 0
    ended: bool = False
    doubted: bool = False


@dataclass(slots=True)
class _Cut:
    """A line that was cut off, until its record is seen whole."""

    at: Fault
    line: bytes
    last: bool


@dataclass(slots=True)
class _Checks:
    """What is found while the lines are read, oldest first."""

    keys: Sequence[ChainKey] | None
    continued: bool
    chains: dict[str, _Progress] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    open_cuts: list[_Cut] = field(default_factory=list)
    cut: list[Fault] = field(default_factory=list)
    links: list[tuple[Fault, Mark]] = field(default_factory=list)
    begins: float | None = None
    sealed: bool = False
    linked: bool = False
    lines: int = 0

    def take(self, file: str, number: int, raw: bytes, *, may_begin_later: bool) -> str | None:
        """Check one line; its hash, None where it is not a record."""
        line = raw.rstrip(b"\n")
        if not line:
            return None
        self.lines += 1
        record = _read(line)
        if record is None:
            self._unread(file, number, line, whole=raw.endswith(b"\n"))
            return None
        self._settle_cuts(line)
        if self.begins is None and isinstance(record.get("now"), int | float):
            self.begins = float(record["now"])
        sealed = Sealed.of(line)
        progress = self._progress(record, sealed, may_begin_later, Fault(file, number, "unproven", ""))
        found = _follow(progress, record, sealed)
        for kind, message in (found, self._sealed(progress, record, sealed)):
            if kind is not None:
                self.faults.append(Fault(file, number, kind, message))
        if sealed.seal is not None and record.get("kind") == "start" and "after" in record:
            self._begin(Fault(file, number, "missing", ""), record)
        return progress.head

    def _unread(self, file: str, number: int, line: bytes, *, whole: bool) -> None:
        if not _begun(line):
            self.faults.append(Fault(file, number, "unreadable", "this is not a decision record"))
        elif len(self.open_cuts) < _MOST_CUT:
            words = "not a whole record: cut off while it was written"
            self.open_cuts.append(_Cut(Fault(file, number, "unreadable", words), line, not whole))
        else:
            self.faults.append(Fault(file, number, "unreadable", "not a whole record"))

    def _settle_cuts(self, line: bytes) -> None:
        """A full disk cuts a line off, and it is then written again whole."""
        for each in [cut for cut in self.open_cuts if line.startswith(cut.line)]:
            self.open_cuts.remove(each)
            self.cut.append(each.at)

    def _progress(
        self, record: dict[str, Any], sealed: Sealed, may_begin_later: bool, at: Fault
    ) -> _Progress:
        """The chain of this record, which may begin here."""
        name, sequence = record["chain"], record["seq"]
        progress = self.chains.get(name)
        if progress is not None:
            return progress
        late = sequence > 0 and may_begin_later
        seal: Seal = "unsealed" if sealed.seal is None else "not checked" if self.keys is None else "proven"
        progress = _Progress(sequence, sequence if late else 0, None if late else START, seal)
        self.chains[name] = progress
        if sealed.seal is None and self.sealed:
            words = f"chain {name} has no seals, but began after chains that have"
            self.faults.append(Fault(at.file, at.line, "unproven", words))
        self.sealed |= sealed.seal is not None
        if self.keys is not None and sealed.seal is not None:
            progress.key = sealed.by(self.keys)
            named = record.get("key")
            if progress.key is None and named not in {key.id for key in self.keys} and named is not None:
                progress.doubted = True
                words = f"chain {name} is sealed with the key {named}, which is not among those for records"
                self.faults.append(Fault(at.file, at.line, "unproven", words))
        return progress

    def _sealed(self, progress: _Progress, record: dict[str, Any], sealed: Sealed) -> tuple[Kind | None, str]:
        if progress.seal != "proven" or progress.doubted:
            return None, ""
        if progress.key is not None and sealed.by((progress.key,)) is not None:
            return None, ""
        # Once is enough: whoever rewrites a chain has no seal on any of its lines.
        progress.doubted = True
        words = (
            f"record {record['seq']} of chain {record['chain']} does not have the seal of the gateway's key"
        )
        return "changed", f"{words}: it was changed, or is of somebody else"

    def _begin(self, at: Fault, record: dict[str, Any]) -> None:
        """A process began to write: its chain must refer to those before it."""
        marks = _marks(record["after"])
        if not marks and self.linked:
            words = (
                f"chain {record['chain']} refers to no chain before it: the sealed head was gone or changed"
            )
            self.faults.append(Fault(at.file, at.line, "missing", words))
        self.linked = True
        self.links += [(at, mark) for mark in marks]

    def missing(self, at: Fault, mark: Mark, by: str) -> Fault | None:
        """The fault where a chain has not come as far as this mark says."""
        progress = self.chains.get(mark.chain)
        if progress is None:
            older = self.continued and self.begins is not None and mark.now < self.begins
            words = f"chain {mark.chain} is gone, with {mark.seq + 1} record(s): {by} refers to it"
            return None if older else Fault(at.file, at.line, "missing", words)
        if progress.seal == "unsealed":
            words = f"chain {mark.chain} has no seals, though {by} refers to it"
            return Fault(at.file, at.line, "changed", words)
        gone = mark.seq + 1 - progress.expected
        if gone > 0:
            words = (
                f"the last {gone} record(s) of chain {mark.chain} are gone: {by} refers to record {mark.seq}"
            )
            return Fault(at.file, at.line, "missing", words)
        if gone == 0 and progress.head != mark.head:
            words = f"record {mark.seq} of chain {mark.chain} is another one than {by} refers to"
            return Fault(at.file, at.line, "changed", words)
        return None


def verify(
    files: Iterable[tuple[str, Iterable[bytes]]],
    *,
    continued: bool = False,
    kept: Iterable[str] = (),
    keys: Sequence[ChainKey] | None = None,
    head: tuple[str, Sequence[Mark] | str] | None = None,
) -> Proof:
    """Check every chain in these files, oldest file first; each file is a name and its lines.

    A changed, removed, added or moved line is a fault, and so is a chain that another refers to and that is not there.
    `keys` are those that records are sealed with: without them a chain that was rewritten as a whole does not show.
    `head` is the name of the sealed head and its marks, or what is wrong with it; without it, and without `kept`
    hashes whose records must be there, what was cut off at the end does not show. With `continued`, files older than the
    first are known to be gone: a chain may begin in the middle of that one.
    """
    wanted = dict.fromkeys(kept)
    file = ""
    checks = _Checks(keys, continued)
    for position, (file, lines) in enumerate(files):
        for number, raw in enumerate(lines, 1):
            found = checks.take(file, number, raw, may_begin_later=continued and position == 0)
            wanted.pop(found or "", None)
    faults = checks.faults
    for cut in checks.open_cuts:
        if cut.last and cut is checks.open_cuts[-1] and cut.at.file == file and checks.chains:
            checks.cut.append(cut.at)
        else:
            words = "not a whole record, and it does not follow whole: it is lost"
            faults.append(Fault(cut.at.file, cut.at.line, "missing", words))
    faults += [Fault(file, 0, "missing", f"the record with the hash {each} is gone") for each in wanted]
    for at, mark in checks.links:
        fault = checks.missing(at, mark, "a later start of a process")
        faults += [fault] if fault is not None else []
    if head is not None:
        faults += _against_head(checks, *head)
    chains = tuple(
        Link(name, each.lines, each.first, each.first == 0, each.ended, each.head or START, each.seal)
        for name, each in checks.chains.items()
    )
    return Proof(checks.lines, chains, tuple(faults), tuple(checks.cut))


def _against_head(checks: _Checks, name: str, marks: Sequence[Mark] | str) -> Iterable[Fault]:
    at = Fault(name, 0, "missing", "")
    if isinstance(marks, str):
        yield Fault(name, 0, "unproven", f"{marks}: whether the newest records are there cannot be proven")
        return
    for mark in marks:
        fault = checks.missing(at, mark, "the sealed head")
        if fault is not None:
            yield fault


def _marks(written: Any) -> list[Mark]:
    try:
        return [Mark(**each) for each in written]
    except TypeError:
        return []


def _read(line: bytes) -> dict[str, Any] | None:
    record = record_on(line)
    fits = (
        record is not None
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
    except RecursionError:
        return False
    return False


def _follow(progress: _Progress, record: dict[str, Any], sealed: Sealed) -> tuple[Kind | None, str]:
    name, sequence, prev = record["chain"], record["seq"], record["prev"]
    found: tuple[Kind | None, str] = (None, "")
    if sequence < progress.expected:
        return "repeated", f"record {sequence} of chain {name} is repeated or in the wrong place"
    if progress.ended:
        found = "changed", f"record {sequence} comes after the end of chain {name}"
    elif sequence > progress.expected:
        gone = sequence - progress.expected
        found = "missing", f"{gone} record(s) of chain {name} are gone before record {sequence}"
    elif progress.head is not None and prev != progress.head:
        before = "its beginning" if sequence == 0 else f"record {sequence - 1}"
        found = "changed", f"record {sequence} of chain {name} does not follow from {before}: one was changed"
    progress.expected = sequence + 1
    progress.head = sealed.digest.hex()
    progress.lines += 1
    progress.ended = record.get("kind") == "end"
    return found
