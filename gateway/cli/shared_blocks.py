"""Reads and changes the blocks that all gateways of an environment share. Raises StoreUnavailable and ValueError."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from gateway.blocks.file import Block, parsed, text
from gateway.blocks.merge import Merged, added
from gateway.cli.confirm import Confirmation, confirmation
from gateway.cli.people import Listed, Wanted, matching
from gateway.reload.orders import BLOCKS
from gateway.session.sessions import Sessions

Asked = tuple[Block, Collection[str]]
"""A block, and all pseudonyms of the person that it concerns."""

_PLACE = "what the session store has"


async def blocks_everywhere(sessions: Sessions, env: str) -> tuple[Sequence[Block], Confirmation]:
    """The shared blocks, and which processes have them."""
    stored = (await sessions.board.orders()).get(BLOCKS)
    if stored is None:
        return (), await _known(sessions, 0, patience=0.0)
    document = sessions.board.read(BLOCKS, stored)
    return parsed(document.content, env, _PLACE), await _known(sessions, document.revision, patience=0.0)


async def block_everywhere(
    sessions: Sessions,
    env: str,
    wanted: Wanted,
    asked: Callable[[Sequence[Listed]], Asked],
    patience: float,
) -> tuple[Merged, Sequence[Listed], Confirmation]:
    """Add the block that `asked` makes of the sessions that match; those sessions, and which processes have it."""
    now = time.time()
    found = await matching(sessions, wanted, now)
    persons = found[0].card.persons if found else ()
    if wanted.id is not None and persons:
        found = await matching(sessions, Wanted(person=persons[0]), now) or found
    block, names = asked(found)
    outcome: list[Merged] = []

    def make(content: bytes | None) -> bytes | None:
        blocks = parsed(content, env, _PLACE) if content is not None else ()
        outcome[:] = [added(blocks, block, names)]
        return text(outcome[0].blocks, env) if outcome[0].how != "known" else None

    document = await sessions.board.change(BLOCKS, make)
    return outcome[0], found, await _known(sessions, document.revision, patience=patience)


async def unblock_everywhere(
    sessions: Sessions, env: str, without: Callable[[Sequence[Block]], Sequence[Block]], patience: float
) -> tuple[Sequence[Block], Sequence[Listed], Confirmation]:
    """Keep only the blocks that `without` keeps; those, all sessions, and which processes know it."""
    left: list[Block] = []

    def make(content: bytes | None) -> bytes | None:
        before = parsed(content, env, _PLACE) if content is not None else ()
        left[:] = without(before)
        return text(left, env) if len(left) != len(before) else None

    document = await sessions.board.change(BLOCKS, make)
    listed = await matching(sessions, Wanted(), time.time())
    return left, listed, await _known(sessions, document.revision, patience=patience)


async def _known(sessions: Sessions, revision: int, *, patience: float) -> Confirmation:
    return await confirmation(
        sessions.board, lambda report: report.get("blocks", -1) >= revision, patience=patience
    )
