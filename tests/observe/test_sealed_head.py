"""The sealed head: who has no key cannot write it, and processes that share it keep one another's marks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.key_files.keyring import Key
from gateway.observe.chain import ChainKey, Mark
from gateway.observe.sealed_head import HeadBroken, SealedHead
from tests.keys import SEAL

OTHER = ChainKey.of(Key("records", b"another key for chains of records"), "ti")
A, B = Mark("a", 3, "f" * 64, 1.0), Mark("b", 0, "e" * 64, 2.0)


def test_a_start_takes_over_what_was_there(tmp_path: Path) -> None:
    head = SealedHead(tmp_path / "r", (SEAL,))
    earlier: list[Sequence[Mark]] = []

    def begin(mark: Mark) -> None:
        head.begin(lambda marks: earlier.append(marks) or mark)

    begin(A)
    begin(B)
    assert earlier == [(), (A,)]
    assert head.read() == (B,)
    # The process of A still writes.
    later = Mark("a", 9, "d" * 64, 3.0)
    head.note([later])
    assert head.read() == (B, later)
    assert head.path.stat().st_mode & 0o007 == 0


def test_another_key_or_a_change_is_noticed(tmp_path: Path) -> None:
    head = SealedHead(tmp_path / "r", (SEAL,))
    head.begin(lambda _: A)
    with pytest.raises(HeadBroken, match="not sealed with any of the keys"):
        SealedHead(tmp_path / "r", (OTHER,)).read()
    assert SealedHead(tmp_path / "r", (OTHER, SEAL)).read() == (A,)
    data = json.loads(head.path.read_text())
    data["marks"][0]["seq"] = 1
    head.path.write_text(json.dumps(data))
    with pytest.raises(HeadBroken, match="not sealed with any of the keys"):
        head.note([B])
    head.path.write_text("{")
    with pytest.raises(HeadBroken, match="is damaged"):
        head.read()
    head.path.unlink()
    with pytest.raises(HeadBroken, match="is gone"):
        head.note([B])
    head.note([B], make=True)
    assert head.read() == (B,)
