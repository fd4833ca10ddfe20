"""How far a request has come, while it is sent by a client stream; over a gateway: tests/endpoints/test_outcomes.py."""

from __future__ import annotations

from gateway.upstream.progress import Progress


def test_nothing_has_been_sent_at_first() -> None:
    assert Progress().forwarded == "no"
    assert Progress().response_headers is None
    assert Progress("wholly").forwarded == "wholly"
