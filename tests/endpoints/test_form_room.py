"""The places of forms that wait for a login."""

from __future__ import annotations

from gateway.endpoints.form_room import FormRoom
from tests.gateway_fixture import StillClock


def room(most_bytes: int = 1 << 30, steady: StillClock | None = None) -> FormRoom:
    return FormRoom(most_bytes, 600, steady=steady or StillClock())


def take(found: FormRoom, number: int, client: str = "", person: str = "", size: int = 100) -> bool:
    return found.take(
        str(number), client=client or f"10.0.{number}.1", person=("op", person or f"p{number}"), size=size
    )


def test_so_many_octets_in_all() -> None:
    found = room(75_000)
    assert [take(found, number, size=30_000) for number in range(4)] == [True, True, False, False]
    assert take(found, 5, size=1_000), "a small one still fits"
    found.leave("0")
    assert take(found, 6, size=30_000)


def test_so_many_for_each_client_and_each_person() -> None:
    found = room()
    assert [take(found, number, client="192.0.2.1") for number in range(22)].count(True) == 20
    assert take(found, 30, client="192.0.2.2")
    assert [take(found, number, client=f"2001:db8::{number:x}") for number in range(40, 62)].count(True) == 20
    assert [take(found, number, person="p") for number in range(70, 77)].count(True) == 5


def test_places_come_free_by_themselves() -> None:
    steady = StillClock()
    found = room(50_000, steady)
    assert take(found, 1, size=30_000)
    assert not take(found, 2, size=30_000)
    steady.now += 601
    assert take(found, 2, size=30_000)


def test_nobody_takes_all_octets() -> None:
    found = room(100_000)
    assert take(found, 1, client="192.0.2.1", person="p", size=24_000)
    assert not take(found, 2, client="192.0.2.2", person="p", size=1_000), "a quarter for one person"
    assert take(found, 3, client="192.0.2.1", size=15_000)
    assert not take(found, 4, client="192.0.2.1", size=10_000), "half for one address"
    assert take(found, 5, size=10_000)


def test_a_single_form_may_be_larger_than_a_share() -> None:
    assert take(room(100_000), 1, size=90_000)
    assert not take(room(100_000), 1, size=100_000)
