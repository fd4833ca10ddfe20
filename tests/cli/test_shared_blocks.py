"""Blocks in the session store, by what commands do with them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from gateway.blocks.block_list import BLOCKS, Block
from gateway.cli.ordered import shared_orders
from gateway.cli.people import Listed, SessionFilter
from gateway.cli.shared_blocks import NamedBlock, block_everywhere, unblock_everywhere
from gateway.model import Identity, Organisation
from gateway.session.memory import MemoryStore
from gateway.session.sessions import Sessions
from gateway.session.settings import SessionSettings


def person(found: Sequence[Listed]) -> NamedBlock:
    persons = found[0].summary.persons
    return Block("b-1", "person", persons[0], "r", "zoe", time.time()), persons


async def test_the_person_of_a_session_is_blocked_once_and_unblocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKS_KEY", "k" * 32)
    settings = SessionSettings.model_validate({"store": "memory:", "key": "env:BLOCKS_KEY"})
    sessions = Sessions(
        settings, environment="ti", secure=False, clock=time.time, store=MemoryStore(),
        names=lambda: lambda identity: {"k2": f"new-{identity.subject}", "k1": f"old-{identity.subject}"},
    )  # fmt: skip
    await sessions.start(sweep=False)
    assert (await shared_orders(sessions, BLOCKS, "ti"))[0] == ()
    for code in ("0428315871", "OVO000001"):
        session, _ = await sessions.create(Identity("op", "anna", organisation=Organisation(code)))
    await sessions.create(Identity("op", "bert"))
    wanted = SessionFilter(id=session.id)
    merged, found, confirmed = await block_everywhere(sessions, "ti", wanted, person, 0.0)
    assert (merged.how, merged.block.value, len(found)) == ("new", "new-anna", 2)
    assert not confirmed.done
    again, _, _ = await block_everywhere(sessions, "ti", wanted, person, 0.0)
    assert again.how == "known"
    (kept,), _ = await shared_orders(sessions, BLOCKS, "ti")
    assert kept == merged.block
    left, listed, _ = await unblock_everywhere(sessions, "ti", lambda _blocks: [], 0.0)
    assert (left, len(listed)) == ([], 3)
    assert (await shared_orders(sessions, BLOCKS, "ti"))[0] == ()
    await sessions.aclose()
