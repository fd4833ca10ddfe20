"""What `gateway keys` says of each key: who uses it, who is waited for, how long it is needed."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from gateway.blocks.block_list import Block
from gateway.cli.key_rows import KeyRow, members_of, rows, shared_key
from gateway.config import EnvironmentSettings, load
from gateway.config.key_files import rotate_key
from gateway.fleet.members import TOPIC, Member
from gateway.key_files.keyring import Key
from gateway.session.holder import REMEMBERED_SECONDS
from gateway.session.sqlite import SqliteStore

NOW = 1_800_000_000.0


def environment(config: Path) -> EnvironmentSettings:
    return load(config).environment("ti")


def member(host: str, used: Key, *keys: Key, since: float = NOW - 10) -> Member:
    accepts = {used.purpose: dict.fromkeys((key.id for key in (used, *keys)), 0.0)}
    return Member(host, 7, accepts, {used.purpose: (used.id, since)})


def of(purpose: str, found: list[KeyRow]) -> list[KeyRow]:
    return [row for row in found if row.purpose == purpose]


def test_a_key_is_next_until_every_process_has_it(config: Path) -> None:
    settings = environment(config)
    (old,) = settings.ring("sessions").read()
    new = rotate_key(settings, "sessions", NOW - 100)
    found = of("sessions", rows(settings, [member("a", old, new), member("b", old)], (), NOW))
    assert [(row.id, row.state, row.waits_for) for row in found] == [
        (new.id, "next", ("b (process 7)",)),
        (old.id, "used", ()),
    ]
    assert found[1].used_by == ("a (process 7)", "b (process 7)")
    used = of("sessions", rows(settings, [member("a", new, old), member("b", new, old)], (), NOW))
    assert [(row.id, row.state) for row in used] == [(new.id, "used"), (old.id, "previous")]
    assert used[1].needed.startswith("until ")
    assert used[1].needed.endswith((" CET", " CEST"))
    lifetime = settings.session.max_lifetime + REMEMBERED_SECONDS
    long_ago = member("a", new, old, since=NOW - lifetime - 1)
    assert of("sessions", rows(settings, [long_ago], (), NOW))[1].needed == ""
    assert of("sessions", rows(settings, [], (), NOW))[0].state == "used"


def test_a_key_for_pseudonyms_is_needed_while_a_block_is(config: Path) -> None:
    settings = environment(config)
    (old,) = settings.ring("pseudonyms").read()
    new = rotate_key(settings, "pseudonyms", NOW - 100)
    for until, needed in ((None, "for the block b-1"), (NOW + 1, "for the block b-1"), (NOW, "")):
        block = Block("b-1", "person", "p", "r", "op", 0.0, until, (old.id,))
        found = of("pseudonyms", rows(settings, [member("a", new, old)], [block], NOW))
        assert found[1].needed == needed


def test_the_assertion_has_its_published_keys_too(config: Path) -> None:
    found = of("assertion", rows(environment(config), [], (), time.time()))
    assert [(row.state, row.needed) for row in found] == [("used", "as long as it is used")]
    assert len(found[0].id) == 12


def test_processes_are_found_in_the_store(config: Path) -> None:
    settings = environment(config)
    assert members_of(settings, "ti") == ()
    assert settings.session.store.path is not None
    assert not settings.session.store.path.exists()


def test_a_block_is_made_with_the_key_that_all_have(config: Path) -> None:
    settings = environment(config)
    (old,) = settings.ring("pseudonyms").read()
    new = rotate_key(settings, "pseudonyms", NOW)
    assert shared_key(settings, "ti", "pseudonyms") == new
    said = {"host": "b", "pid": 1, "accepts": {"pseudonyms": {old.id: 0}}, "uses": {}}

    async def say() -> None:
        assert settings.session.store.path is not None
        store = SqliteStore(settings.session.store.path)
        await store.start()
        await store.put_entry(TOPIC, "b", json.dumps(said).encode(), until=time.time() + 60)
        await store.aclose()

    asyncio.run(say())
    assert shared_key(settings, "ti", "pseudonyms") == old
