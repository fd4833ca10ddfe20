"""What `gateway records verify` prints of a proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gateway.observe.proof import Fault, Link, Proof


def as_lines(proof: Proof, faults: Sequence[Fault]) -> Iterator[str]:
    """For a terminal: each fault, each chain, what is not proven, and whether all is sound."""
    yield from map(str, (*faults, *proof.cut))
    yield from map(_words, proof.chains)
    yield from _limits(proof.chains)
    count = f"{proof.lines:,} records in {len(proof.chains)} chain{'s' if len(proof.chains) != 1 else ''}"
    yield f"{count}: {f'NOT SOUND, {len(faults)} fault(s)' if faults else 'sound'}"


def _limits(chains: Sequence[Link]) -> Iterator[str]:
    """What this does not prove."""
    unsealed = sum(link.seal == "unsealed" for link in chains)
    unchecked = sum(link.seal == "not checked" for link in chains)
    if unsealed:
        yield (
            f"not proven for {unsealed} chain(s) without seals, of an earlier version: that nobody rewrote or removed them as"
            " a whole. That they are complete in themselves is proven."
        )
    if unchecked:
        yield (
            f"not proven for {unchecked} chain(s), because their seals were not checked (--env): that nobody rewrote them,"
            " removed a whole one, or cut off the newest records"
        )


def _words(link: Link) -> str:
    begin = "" if link.begun else f", from record {link.first} on"
    end = "ended" if link.ended else f"no end: still running, crashed, or cut off; keep {link.head}"
    seal = {"proven": "sealed", "unsealed": "without seals", "not checked": "seals not checked"}[link.seal]
    return f"chain {link.chain}: {link.lines:,} records{begin}, {seal}, {end}"


def as_data(proof: Proof, faults: Sequence[Fault]) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "sound": not faults,
        "proven": not faults and all(link.seal == "proven" for link in proof.chains),
        "records": proof.lines,
        "chains": [_plain(link) for link in proof.chains],
        "faults": [_plain(fault) for fault in faults],
        "cut": [_plain(fault) for fault in proof.cut],
    }


def open_ends(chains: Iterable[Link], file: str) -> Iterator[Fault]:
    """A fault for each chain without an end, where all processes are known to have stopped."""
    for link in chains:
        if not link.ended:
            yield Fault(
                file,
                0,
                "missing",
                f"chain {link.chain} has no end: records are missing, or the process crashed",
            )


def _plain(value: Fault | Link) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}
