"""Who came with a session first."""

from __future__ import annotations

import pytest

from gateway.upstream.session_claims import SessionClaims
from gateway.upstream.session_tags import NOBODY, Owner

ALICE, BOB = Owner(b"alice"), Owner(b"bob")


def test_the_first_one_keeps_it() -> None:
    claims = SessionClaims()
    assert [claims.belongs(owner, b"0A1B") for owner in (ALICE, BOB, ALICE)] == [True, False, True]


def test_the_register_can_give_it_to_another() -> None:
    claims = SessionClaims()
    assert claims.belongs(ALICE, b"0A1B")
    claims.begin(BOB, b"0A1B")
    assert [claims.belongs(owner, b"0A1B") for owner in (ALICE, BOB)] == [False, True]


@pytest.mark.parametrize(
    ("begun", "spelled"),
    [
        (b"0A1B.node1", b"0A1B"),
        (b"0A1B.node1", b"0A1B.node2"),
        (b"0A1B", b"0A1B.x"),
        (b"0A1B", b"%30A1B"),
        (b"0A1B!-12!34", b"0A1B!5"),
        (b"0000abcdefghijklmnopqrstuvw:clone1", b"0001abcdefghijklmnopqrstuvw:clone2"),
        (b"0000abcdefghijklmnopqrstuvw:clone1", b"abcdefghijklmnopqrstuvw"),
    ],
)
def test_a_session_is_the_same_in_every_spelling(begun: bytes, spelled: bytes) -> None:
    claims = SessionClaims()
    claims.begin(ALICE, begun)
    assert not claims.belongs(BOB, spelled)
    assert claims.belongs(ALICE, spelled)


def test_what_has_a_tag_or_is_too_long_is_nobodys() -> None:
    claims = SessionClaims()
    assert not claims.belongs(ALICE, b"A" * 22 + b"~0A1B")
    assert not claims.belongs(ALICE, b"A" * 257)
    assert claims.belongs(ALICE, b"AB~0A1B")


def test_the_latest_are_remembered() -> None:
    claims = SessionClaims(2)
    for session in (b"1", b"2", b"3"):
        assert claims.belongs(ALICE, session)
    assert [claims.belongs(BOB, session) for session in (b"2", b"3")] == [False, False]
    assert claims.belongs(BOB, b"1")


def test_strangers_do_not_make_it_forget_whose_a_session_is() -> None:
    claims = SessionClaims(2)
    assert claims.belongs(ALICE, b"0A1B")
    for number in range(10):
        assert claims.belongs(NOBODY, b"%d" % number)
    assert not claims.belongs(NOBODY, b"0A1B")
    claims.begin(BOB, b"9")
    assert not claims.belongs(NOBODY, b"9")
