"""What is computed about an identity is computed once, for that object alone."""

from __future__ import annotations

from gateway.identity_memo import IdentityMemo
from gateway.model import Identity


def test_once_per_object_and_bounded() -> None:
    made: list[str] = []

    def make(identity: Identity) -> str:
        made.append(identity.subject)
        return identity.subject.upper()

    memo = IdentityMemo(make, size=2)
    alice, bob, carol = (Identity("op", name) for name in ("alice", "bob", "carol"))
    assert [memo(alice), memo(alice), memo(bob)] == ["ALICE", "ALICE", "BOB"]
    assert made == ["alice", "bob"]
    memo(carol)
    memo(bob)
    assert made == ["alice", "bob", "carol"]
    memo(alice)
    assert made[-1] == "alice", "the oldest was dropped"
    memo.clear()
    memo(alice)
    assert made[-2:] == ["alice", "alice"]


def test_an_identity_that_is_gone_does_not_lend_its_id_to_another() -> None:
    memo = IdentityMemo(lambda identity: identity.subject)
    for number in range(5_000):
        assert memo(Identity("op", str(number))) == str(number)
