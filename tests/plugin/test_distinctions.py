"""The values that policies distinguish, combined."""

from __future__ import annotations

from gateway.plugin import Distinctions, combine


def test_the_values_of_all_are_together_without_repetitions() -> None:
    found = combine(
        [
            Distinctions(acrs=("a", "b"), claims=(("x", 1),)),
            Distinctions(acrs=("b", "c"), claims=(("x", True), ("x", 1))),
        ]
    )
    assert found == Distinctions(acrs=("a", "b", "c"), claims=(("x", 1), ("x", True)))
    assert len(found.claims) == 2


def test_one_that_cannot_say_makes_it_unknown() -> None:
    assert combine([Distinctions(), None]) is None
    assert combine([]) == Distinctions()


def test_one_that_asks_makes_all_ask() -> None:
    found = combine([Distinctions(), Distinctions(asks=True)])
    assert found is not None
    assert found.asks
