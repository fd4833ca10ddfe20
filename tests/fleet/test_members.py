"""What processes say to one another is read; what is none of it is left out."""

from __future__ import annotations

import json

from gateway.fleet.members import Member, read_members


def test_only_what_processes_say_is_read() -> None:
    said = {"host": "a", "pid": 1, "accepts": {"flows": {"k2": 5, "k1": 0}}, "uses": {"flows": ["k1", 3]}}
    found = read_members(
        {
            "me": json.dumps(said).encode(),
            "other": json.dumps(said).encode(),
            "broken": b"{",
            "list": b"[]",
            "empty": b"{}",
            "odd": json.dumps({**said, "uses": {"flows": 5}}).encode(),
        },
        without="me",
    )
    assert found == (Member("a", 1, {"flows": {"k2": 5.0, "k1": 0.0}}, {"flows": ("k1", 3.0)}),)
    assert list(found[0].accepts["flows"]) == ["k2", "k1"]
