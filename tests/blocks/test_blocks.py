"""Blocks in a running process: seen soon, kept when the file cannot be read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.blocks.block_list import Block, change
from gateway.blocks.blocks import Blocks
from gateway.blocks.settings import BlockSettings
from gateway.events import BlocksChanged, BlocksLoaded, Event
from gateway.key_files.keyring import Key
from gateway.model import Identity, Organisation
from tests.waiting import eventually

ZOE = Identity("https://acm/op", "zoe", organisation=Organisation("0428315871"))
JAN = Identity("https://acm/op", "jan")
KEYS = (Key("pseudonyms", b"n" * 32), Key("pseudonyms", b"o" * 32))
SETTINGS = BlockSettings(look_every=0.1)


def block(kind: Any, value: str, until: float | None = None) -> Block:
    return Block(f"b-{value}", kind, value, "r", "op", 0.0, until)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "blocks.json"


@pytest.fixture
def seen() -> list[Event]:
    return []


@pytest.fixture
async def blocks(path: Path, seen: list[Event]) -> AsyncIterator[Blocks]:
    found = Blocks(
        SETTINGS,
        path,
        environment="ti",
        keys=lambda: KEYS,
        names=lambda _keys: (
            lambda identity: {"new": f"new-{identity.subject}", "old": f"old-{identity.subject}"}
        ),
        clock=lambda: 1.0,
        on_event=seen.append,
    )
    await found.start()
    yield found
    await found.aclose()


async def put(path: Path, *found: Block) -> None:
    await asyncio.to_thread(change, path, "ti", lambda _blocks: found)


async def test_a_block_is_seen_and_lifted(blocks: Blocks, path: Path, seen: list[Event]) -> None:
    assert blocks.of(ZOE, 1.0) is None
    await put(path, block("organisation", "0428315871"), block("person", "old-jan"))
    await eventually(lambda: len(seen) == 2)
    assert blocks.of(ZOE, 1.0) == block("organisation", "0428315871")
    assert blocks.of(JAN, 1.0) == block("person", "old-jan")
    assert seen == [BlocksLoaded(()), BlocksChanged(("b-0428315871", "b-old-jan"))]
    await put(path)
    await eventually(lambda: len(seen) == 3)
    assert blocks.of(ZOE, 1.0) is blocks.of(JAN, 1.0) is None


async def test_what_has_run_out_keeps_nobody_out(blocks: Blocks, path: Path, seen: list[Event]) -> None:
    await put(path, block("person", "new-zoe", 10.0), block("person", "new-zoe", 20.0))
    await eventually(lambda: len(seen) == 2)
    assert blocks.of(ZOE, 15.0) == block("person", "new-zoe", 20.0)
    assert blocks.of(ZOE, 20.0) is None


DAMAGE = {"broken": "{", "deep": "[" * 100_000, "number": "9" * 5_000, "list": "[1]", "empty": ""}


@pytest.mark.parametrize("damage", [*DAMAGE, "gone", "pipe", "folder"])
async def test_a_file_that_cannot_be_read_lifts_no_block(
    blocks: Blocks, path: Path, seen: list[Event], damage: str
) -> None:
    await put(path, block("person", "new-zoe"))
    await eventually(lambda: len(seen) == 2)
    await asyncio.to_thread(damaged, path, damage)
    await eventually(lambda: bool(blocks.trouble))
    assert blocks.of(ZOE, 1.0) is not None
    await put_anew(path, block("person", "new-jan"))
    await eventually(lambda: len(seen) == 3)
    assert blocks.trouble == ""
    assert blocks.of(ZOE, 1.0) is None
    assert blocks.of(JAN, 1.0) is not None


def damaged(path: Path, damage: str) -> None:
    if damage in DAMAGE:
        path.write_text(DAMAGE[damage])
        return
    path.unlink()
    if damage == "pipe":
        os.mkfifo(path)
    elif damage == "folder":
        path.mkdir()


async def put_anew(path: Path, found: Block) -> None:
    if path.is_dir():
        path.rmdir()
    await asyncio.to_thread(path.unlink, missing_ok=True)
    await put(path, found)


async def test_a_broken_file_stops_the_start(path: Path) -> None:
    await asyncio.to_thread(path.write_text, "{")
    found = Blocks(
        SETTINGS,
        path,
        environment="ti",
        keys=lambda: KEYS,
        names=lambda _keys: lambda _identity: {},
        clock=lambda: 1.0,
    )
    with pytest.raises(ValueError, match="is not a file of blocks"):
        await found.start()
    await found.aclose()


async def test_a_block_whose_key_is_gone_is_reported(blocks: Blocks, path: Path) -> None:
    key, gone = KEYS[0].id, "a key that is gone"
    await put(path, replace(block("person", "new-zoe"), keys=(key,)))
    await eventually(lambda: blocks.of(ZOE, 1.0))
    assert blocks.trouble == ""
    await put(
        path, replace(block("person", "x"), keys=(gone,)), replace(block("person", "y", 0.5), keys=(gone,))
    )
    await eventually(lambda: blocks.trouble)
    assert blocks.trouble == "blocks under a key that is gone have no effect: b-x"
    await put(path, replace(block("person", "x"), keys=(KEYS[1].id,)))
    await eventually(lambda: blocks.trouble == "")
    blocks.use_keys(KEYS[:1])
    assert "b-x" in blocks.trouble
