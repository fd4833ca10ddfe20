"""Changes the blocks that all gateways of an environment share. Raises StoreUnavailable and ValueError."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from gateway.blocks.block_list import BLOCKS, Block
from gateway.blocks.merge import Merged, with_block
from gateway.cli.chosen_environment import store_now
from gateway.cli.confirm import Confirmation, carried_out
from gateway.cli.ordered import change_shared
from gateway.cli.people import Listed, SessionFilter, matching
from gateway.session.sessions import Sessions

NamedBlock = tuple[Block, Collection[str]]
"""A block, and all pseudonyms of the person that it concerns."""


async def block_everywhere(
    sessions: Sessions,
    env: str,
    wanted: SessionFilter,
    make_block: Callable[[Sequence[Listed]], NamedBlock],
    patience: float,
) -> tuple[Merged, Sequence[Listed], Confirmation]:
    """Add the block that `make_block` makes of the sessions that match; those sessions, and which processes have it."""
    now = await store_now(sessions)
    found = await matching(sessions, wanted, now)
    persons = found[0].summary.persons if found else ()
    if wanted.id is not None and persons:
        found = await matching(sessions, SessionFilter(person=persons[0]), now) or found
    block, names = make_block(found)
    outcome: list[Merged] = []

    def make(blocks: tuple[Block, ...]) -> Sequence[Block]:
        outcome[:] = [with_block(blocks, block, names)]
        return outcome[0].blocks

    order = await change_shared(sessions, BLOCKS, env, make)
    known = await carried_out(sessions.board, BLOCKS.name, order.revision, patience=patience)
    return outcome[0], found, known


async def unblock_everywhere(
    sessions: Sessions, env: str, without: Callable[[Sequence[Block]], Sequence[Block]], patience: float
) -> tuple[Sequence[Block], Sequence[Listed], Confirmation]:
    """Keep only the blocks that `without` keeps; those, all sessions, and which processes know it."""
    left: list[Block] = []

    def make(before: tuple[Block, ...]) -> Sequence[Block]:
        left[:] = without(before)
        return left

    order = await change_shared(sessions, BLOCKS, env, make)
    listed = await matching(sessions, SessionFilter(), await store_now(sessions))
    known = await carried_out(sessions.board, BLOCKS.name, order.revision, patience=patience)
    return left, listed, known
