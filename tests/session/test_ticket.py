"""Tickets, and the cipher that they open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.session.ticket import SessionCipher, is_ticket, new_ticket, session_id

CIPHER = SessionCipher("ti", (b"k" * 32,))
TICKET = CIPHER.ticket("T" * 43)
SEALED = CIPHER.seal(TICKET, b"a session")


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_no_flipped_bit_in_a_stored_session_opens(at: int, flip: int) -> None:
    changed = bytearray(SEALED)
    changed[at] ^= flip
    assert CIPHER.open(TICKET, bytes(changed)) is None


@given(st.binary(max_size=80))
def test_nothing_else_opens_either(octets: bytes) -> None:
    assert CIPHER.open(TICKET, octets) is None
    assert CIPHER.open(TICKET, SEALED + octets) == (None if octets else b"a session")


def test_tickets_are_long_and_never_the_same() -> None:
    tickets = {new_ticket() for _ in range(1000)}
    assert len(tickets) == 1000
    assert all(is_ticket(ticket) for ticket in tickets)
    assert CIPHER.seal(TICKET, b"x") != CIPHER.seal(TICKET, b"x")


def test_an_environment_knows_the_tickets_that_it_gave_out() -> None:
    given = {CIPHER.new_ticket().text for _ in range(100)}
    assert len(given) == 100
    assert all(is_ticket(ticket) and CIPHER.issued(ticket) for ticket in given)
    ticket = given.pop()
    assert SessionCipher("ti", (b"n" * 32, b"k" * 32)).issued(ticket), "under an earlier key"
    assert not SessionCipher("ti", (b"n" * 32,)).issued(ticket)
    assert not SessionCipher("prd", (b"k" * 32,)).issued(ticket)
    assert not any(CIPHER.issued(new_ticket()) for _ in range(100))
    flipped = [ticket[:at] + ("A" if ticket[at] != "A" else "B") + ticket[at + 1 :] for at in range(43)]
    assert not any(CIPHER.issued(each) for each in (*flipped, "", ticket[:-1], ticket + "A", "é" * 43))


def test_a_ticket_shows_only_the_public_id() -> None:
    assert TICKET.session_id == session_id(TICKET.key)
    assert TICKET.text not in repr(TICKET)
    assert TICKET.key.hex() not in repr(TICKET)
    assert SessionCipher("prd", (b"k" * 32,)).ticket(TICKET.text).key != TICKET.key


def test_a_purpose_is_bound_in() -> None:
    sealed = CIPHER.seal(TICKET, b"a form", purpose="form")
    assert CIPHER.open(TICKET, sealed, purpose="form") == b"a form"
    assert CIPHER.open(TICKET, sealed) is None


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        SessionCipher("ti", (b"short",))
