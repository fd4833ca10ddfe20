"""The example of a regular expression matches it."""

from __future__ import annotations

from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.analysis.regex_example import example
from gateway.policy.expression import parse_expression
from tests.policy.test_expression import PIECES


@for_all(st.lists(PIECES, max_size=7))
def test_the_beginning_and_the_example_are_right(pieces: list[str]) -> None:
    text = "/" + "".join(pieces)
    expression = parse_expression(text)
    path = example(text)
    assert path is not None
    assert expression.match(path) is not None
    assert tuple(path[1:].split("/"))[: len(expression.prefix)] == expression.prefix


def test_an_example_that_cannot_be_made() -> None:
    assert example(r"/\C") is None
    assert example(r"/a\pL") is None
