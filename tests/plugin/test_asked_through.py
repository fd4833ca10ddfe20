"""A question that comes round to where it was."""

from __future__ import annotations

from contextvars import copy_context

import pytest

from gateway.plugin.asked_through import asked_next, came_through

A, B = "https://a.test", "https://b.test"


def test_no_decision_point_is_asked_twice_about_one_question() -> None:
    def chain() -> None:
        assert asked_next(A) == A
        came_through(asked_next(A))
        came_through(asked_next(B))
        assert asked_next("https://c.test") == f"{A} {B} https://c.test"
        for url in (A, B):
            with pytest.raises(ValueError, match="goes round"):
                asked_next(url)
        came_through("")
        assert asked_next(A) == A

    copy_context().run(chain)


def test_a_chain_has_an_end() -> None:
    def long() -> None:
        came_through(" ".join(f"https://{number}.test" for number in range(8)))
        with pytest.raises(ValueError, match="goes round"):
            asked_next(A)

    copy_context().run(long)
