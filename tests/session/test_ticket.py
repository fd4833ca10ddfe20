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
