"""The file of blocks: whole or not at all, of one environment, for its owner alone."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest

from gateway.blocks.block_list import Block, change, read

BLOCK = Block("b-1", "organisation", "0428315871", "fraud", "zoe", 1_795_466_000.0)


def with_one_more(number: int, path: Path) -> None:
    change(path, "ti", lambda blocks: [*blocks, Block(f"b-{number}", "person", str(number), "r", "zoe", 0.0)])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "var/ti.blocks.json"
    assert read(path, "ti") is None
    assert change(path, "ti", lambda _blocks: [BLOCK]) == (BLOCK,)
    assert read(path, "ti") == (BLOCK,)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir() if each.suffix == ".new"] == []


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "blocks.json"
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: with_one_more(number, path), range(40)))
    assert {block.value for block in read(path, "ti") or ()} == {str(number) for number in range(40)}


def test_blocks_of_another_environment_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "blocks.json"
    change(path, "ti", lambda _blocks: [BLOCK])
    with pytest.raises(ValueError, match="contains the blocks of environment 'ti', not 'prd'"):
        read(path, "prd")
    with pytest.raises(ValueError, match="environment 'ti'"):
        change(path, "prd", lambda _blocks: [])
    assert read(path, "ti") == (BLOCK,)


WRONG = {
    "empty": "",
    "no json": "{",
    "a list": "[]",
    "another version": '{"version": 2, "environment": "ti", "blocks": []}',
    "very deep": "[" * 200_000,
    "a very long number": '{"version": ' + "9" * 10_000 + "}",
    "no blocks": '{"version": 1, "environment": "ti"}',
    "an unknown field": json.dumps(
        {"version": 1, "environment": "ti", "blocks": [{**asdict(BLOCK), "x": 1}]}
    ),
    "an unknown kind": json.dumps(
        {"version": 1, "environment": "ti", "blocks": [{**asdict(BLOCK), "kind": "x"}]}
    ),
    "a moment that is none": json.dumps(
        {"version": 1, "environment": "ti", "blocks": [{**asdict(BLOCK), "until": "soon"}]}
    ),
    "until nothing that is a number": json.dumps(
        {"version": 1, "environment": "ti", "blocks": [{**asdict(BLOCK), "until": float("nan")}]}
    ),
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_what_is_broken_is_told_and_never_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "blocks.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"blocks\.json"):
        read(path, "ti")
    with pytest.raises(ValueError, match=r"blocks\.json"):
        change(path, "ti", lambda _blocks: [BLOCK])
    assert path.read_text() == content


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot write"):
        change(tmp_path / "file/blocks.json", "ti", lambda _blocks: [BLOCK])


@pytest.mark.parametrize(("until", "holds"), [(None, True), (101.0, True), (100.0, False), (99.0, False)])
def test_a_block_holds_until_its_moment(until: float | None, holds: bool) -> None:
    assert Block("b", "person", "x", "r", "zoe", 0.0, until).in_force(100.0) is holds
