"""Blocks, and the lists of them that operators change. People are known by their pseudonym."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Final, Literal

from gateway.orders.order_list import OrderList, check_entry


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


def _block(data: dict[str, Any]) -> Block:
    block = Block(**{**data, "keys": tuple(data.get("keys", ()))})
    check_entry(
        (block.id, block.kind, block.value, block.reason, block.by, *block.keys),
        (block.added, block.until if block.until is not None else 0),
    )
    if block.kind not in ("organisation", "person"):
        raise TypeError(f"block {block.id!r} has the unknown kind {block.kind!r}")
    return block


BLOCKS: Final = OrderList("blocks", _block)
read, read_copy, change = BLOCKS.read, BLOCKS.read_copy, BLOCKS.change
