"""What is computed about an identity is computed once for each identity object, and belongs to that object only."""

from __future__ import annotations

from dataclasses import replace

from gateway.caching.object_memo import ObjectMemo
from gateway.model import Identity

ZOE = Identity("https://acm/op", "zoe")


def test_one_object_is_computed_once() -> None:
    made: list[Identity] = []

    def make(identity: Identity) -> str:
        made.append(identity)
        return identity.subject.upper()

    memo = ObjectMemo(make)
    assert [memo(ZOE), memo(ZOE), memo(replace(ZOE))] == ["ZOE"] * 3
    assert len(made) == 2
    memo.clear()
    assert memo(ZOE) == "ZOE"
    assert len(made) == 3


def test_an_object_that_takes_the_place_of_another_in_memory_is_not_mistaken_for_it() -> None:
    memo = ObjectMemo(lambda identity: identity.subject, size=4)
    for number in range(2_000):
        assert memo(Identity("https://acm/op", str(number))) == str(number)
