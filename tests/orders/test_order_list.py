"""Lists of orders as text and as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.orders.order_list import OrderList, check_entry


@dataclass(frozen=True)
class Thing:
    name: str
    at: float


def thing(data: dict[str, Any]) -> Thing:
    found = Thing(**data)
    check_entry((found.name,), (found.at,))
    return found


THINGS = OrderList("things", thing)
ONE = Thing("a", 1.0)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "things.json"
    assert THINGS.read(path, "ti") is None
    assert THINGS.change(path, "ti", lambda found: (*found, ONE)) == (ONE,)
    assert THINGS.read(path, "ti") == (ONE,)
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not a file of things"),
        (b'{"version": 2, "environment": "ti", "things": []}', "version 2"),
        (b'{"version": 1, "environment": "prd", "things": []}', "the things of environment 'prd'"),
        (b'{"version": 1, "environment": "ti", "things": [{"name": "a"}]}', "not a file of things"),
        (b'{"version": 1, "environment": "ti", "things": [{"name": 1, "at": 1}]}', "a text is missing"),
        (b'{"version": 1, "environment": "ti", "things": [{"name": "a", "at": NaN}]}', "a number is missing"),
    ],
)
def test_anything_else_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        THINGS.parsed(content, "ti", "x")


def test_a_copy_contains_the_order(tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    assert THINGS.read_copy(copy, "ti") == ()
    copy.write_bytes(b'{"revision": 3, "order": %s}' % THINGS.text([ONE], "ti"))
    assert THINGS.read_copy(copy, "ti") == (ONE,)
    copy.write_bytes(b"[]")
    with pytest.raises(ValueError, match="not a copy of things"):
        THINGS.read_copy(copy, "ti")
