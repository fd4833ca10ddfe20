"""Levels of authentication methods."""

from __future__ import annotations

from gateway.auth.levels import LEVELS, at_least

ACM = "urn:be:vlaanderen:authmech:"


def test_at_least_gives_the_strongest_first() -> None:
    assert at_least(27) == (f"{ACM}eid", f"{ACM}eidashigh", f"{ACM}itsme")
    assert at_least(36) == ()
    assert set(at_least(0)) == set(LEVELS)
    assert at_least(2, {"urn:a": 1, "urn:b": 2, "urn:c": 3}) == ("urn:c", "urn:b")
