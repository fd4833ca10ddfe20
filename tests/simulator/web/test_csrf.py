"""Form tokens: whose they are, how long they hold, and that nobody can make one."""

from __future__ import annotations

import pytest

from simulator.web.csrf import FormTokens


class Clock:
    now = 1_795_466_180.0

    def __call__(self) -> float:
        return self.now


def test_a_token_is_for_one_person_for_a_while() -> None:
    clock = Clock()
    tokens = FormTokens(b"key", clock)
    token = tokens.issue("bea")
    assert tokens.is_valid("bea", token)
    assert not tokens.is_valid("inge", token)
    assert not FormTokens(b"other", clock).is_valid("bea", token)
    clock.now += 4 * 3600
    assert tokens.is_valid("bea", token)
    clock.now += 1
    assert not tokens.is_valid("bea", token)


@pytest.mark.parametrize(
    "token",
    [None, "", ".", "1", "1.", "x.y", "²." + "0" * 64, "-1." + "0" * 64, "9" * 99 + ".0", "1795466180.é"],
)
def test_what_is_no_token(token: str | None) -> None:
    assert not FormTokens(b"key", Clock()).is_valid("bea", token)


def test_a_token_from_the_future_is_none() -> None:
    clock = Clock()
    tokens = FormTokens(b"key", clock)
    clock.now += 3600
    token = tokens.issue("bea")
    clock.now -= 3600
    assert not tokens.is_valid("bea", token)
