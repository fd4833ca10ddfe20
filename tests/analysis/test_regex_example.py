"""The example of a regular expression matches it."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.analysis.regex_example import covers_nothing, regex_example
from gateway.policy.expression import parse_expression
from tests.policy.test_expression import PIECES


@for_all(st.lists(PIECES, max_size=7))
def test_the_beginning_and_the_example_are_right(pieces: list[str]) -> None:
    text = "/" + "".join(pieces)
    expression = parse_expression(text)
    path = regex_example(text)
    assert path is not None
    assert expression.match(path) is not None
    assert tuple(path[1:].split("/"))[: len(expression.prefix)] == expression.prefix


@for_all(st.lists(PIECES, max_size=7))
def test_what_has_an_example_covers_something(pieces: list[str]) -> None:
    assert not covers_nothing("/" + "".join(pieces))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/y|/(?P<a>x)", "/x"),
        ("/(?P<a>x)|/y", "/x"),
        ("/(?:(?P<a>x)|(?P<b>yz))*", "/xyz"),
        (r"/[^\w/]+", "/-"),
        (r"/[\W]", "/-"),
        (r"/\D\d\s", "/x0 "),
        ("/[^x]", "/y"),
        ("/a(b$)?c", "/ac"),
        ("/" + "(ab|cd)" * 30, "/" + "ab" * 30),
    ],
)
def test_examples_are_covered(text: str, path: str) -> None:
    assert regex_example(text) == path
    assert parse_expression(text).match(path) is not None
    assert not covers_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        "/(?P<a>x)|/(?P<b>y)",
        "/n/(b/(?P<kbo>[0-9]{10})|d/(?P<nr>[0-9]+))/.*",
        "/a$/b",
        "/(?P<a>)",
        "/(?P<a>x{0})",
    ],
)
def test_what_covers_nothing(text: str) -> None:
    assert parse_expression(text) is not None
    assert covers_nothing(text)
    assert regex_example(text) is None


@pytest.mark.parametrize(
    "text", ["/" + "(bc|(?P<x>aa))" + "(cc|dd)" * 7 + "(?P<y>a)", r"/a\b", "/[^x0_Z. -]"]
)
def test_what_is_not_known(text: str) -> None:
    assert not covers_nothing(text)


def test_an_example_that_cannot_be_made() -> None:
    assert regex_example(r"/\C") is None
    assert regex_example(r"/a\pL") is None
