"""A session as bytes."""

from __future__ import annotations

from dataclasses import replace

from gateway.model import ClaimFault
from gateway.session.codec import Session, decode, encode
from tests.session.test_sessions import TOKENS, WHO


def test_a_session_survives_its_bytes() -> None:
    who = replace(WHO, faults=(ClaimFault("vo_email", "not-text"),))
    session = Session("id", who, 1.0, 2.0, TOKENS)
    assert decode(encode(session)) == session
    for nonsense in (b"", b"{}", b"[]", b'{"form":2}', encode(session)[:-2], b"\xff"):
        assert decode(nonsense) is None
