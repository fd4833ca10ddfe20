"""How a block joins the existing ones: one block for one person or organisation, which never gets shorter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from gateway.blocks.block_list import Block


@dataclass(frozen=True, slots=True)
class Merged:
    """All blocks as they are then, and the one that keeps the person or organisation out.

    `how` it came: "new", "longer" (one that was there got a later end), or "known" (one that was there is enough).
    """

    blocks: tuple[Block, ...]
    block: Block
    how: Literal["new", "longer", "known"]


def with_block(blocks: Sequence[Block], block: Block, names: Collection[str]) -> Merged:
    """These blocks and one more. `names` are all pseudonyms of the person that it concerns."""
    same = [
        each
        for each in blocks
        if each.kind == block.kind
        and (each.value == block.value or (each.kind == "person" and each.value in names))
        and each.in_force(block.added)
    ]
    if not same:
        return Merged((*blocks, block), block, "new")
    longest = max(same, key=_end)
    if _end(longest) >= _end(block):
        return Merged(tuple(blocks), longest, "known")
    reasons = longest.reason if block.reason == longest.reason else f"{longest.reason}; {block.reason}"
    longer = replace(
        longest, value=block.value, until=block.until, reason=reasons, by=block.by, keys=block.keys
    )
    return Merged(tuple(longer if each == longest else each for each in blocks), longer, "longer")


def without_block(
    blocks: Sequence[Block],
    removed: Block,
    people: Iterable[tuple[Sequence[str], str | None]],
    now: float,
) -> list[Block]:
    """The blocks that still keep out whom `removed` kept out.

    `people` are those with a session, each with their pseudonyms and the code of their organisation.
    """
    wanted = {(removed.kind, removed.value)}
    for persons, organisation in people:
        if removed.value in ((organisation,) if removed.kind == "organisation" else persons):
            wanted |= {("person", each) for each in persons} | {("organisation", organisation or "")}
    return [each for each in blocks if (each.kind, each.value) in wanted and each.in_force(now)]


def _end(block: Block) -> float:
    return block.until if block.until is not None else float("inf")
