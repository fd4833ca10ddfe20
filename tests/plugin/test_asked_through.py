"""A question that comes round to where it was."""

from __future__ import annotations

from contextvars import copy_context

import pytest

from gateway.plugin.asked_through import asked_header, note_asked

A, B = "https://a.test", "https://b.test"


def test_no_decision_point_is_asked_twice_about_one_question() -> None:
    def chain() -> None:
        assert asked_header(A) == A
        note_asked(asked_header(A))
        note_asked(asked_header(B))
        assert asked_header("https://c.test") == f"{A} {B} https://c.test"
        for url in (A, B):
            with pytest.raises(ValueError, match="goes round"):
                asked_header(url)
        note_asked("")
        assert asked_header(A) == A

    copy_context().run(chain)


def test_a_chain_has_an_end() -> None:
    def long() -> None:
        note_asked(" ".join(f"https://{number}.test" for number in range(8)))
        with pytest.raises(ValueError, match="goes round"):
            asked_header(A)

    copy_context().run(long)
