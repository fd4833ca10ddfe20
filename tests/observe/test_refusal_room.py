"""Strangers cannot fill the disk: of many refusals only some get a record, the others are counted."""

from __future__ import annotations

from gateway.observe.refusal_room import RefusalRoom
from tests.observe.conftest import Clock


def test_one_address_gets_few_records_and_leaves_room_for_others(clock: Clock) -> None:
    room = RefusalRoom(clock, steady=clock)
    assert [room.take("path-escape", "192.0.2.1") for _ in range(50)] == [*[True] * 10, *[False] * 40]
    assert room.take("path-escape", "192.0.2.2")
    assert room.take("method", "192.0.2.1")
    clock.now += 10
    assert room.take("path-escape", "192.0.2.1")
    assert list(room.summaries()) == [
        {
            "kind": "refused", "reason": "path-escape", "count": 40, "first": clock.now - 10, "last": clock.now - 10,
        }
    ]  # fmt: skip
    assert list(room.summaries()) == []


def test_many_addresses_together_get_few_records(clock: Clock) -> None:
    room = RefusalRoom(clock, steady=clock)
    taken = sum(room.take("path-escape", f"2001:db8:{number:x}::1") for number in range(1_000))
    assert taken == 100
    # A site with IPv6 is one address.
    assert sum(room.take("method", f"2001:db8::{number:x}") for number in range(1, 100)) == 10
    clock.now += 60
    assert sum(room.take("path-escape", f"198.51.100.{number}") for number in range(250)) == 30
