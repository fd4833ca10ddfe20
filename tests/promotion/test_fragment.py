"""A key with its value, in the forms in which it can be put into another file."""

from __future__ import annotations

import pytest

from gateway.promotion.fragment import fragment


@pytest.mark.parametrize(
    ("body", "value", "written"),
    [
        ("a: 1\n", "1", "1"),
        ("a: 010  # octal?\n", "010", None),
        ("a: 'x, y'\n", "'x, y'", "'x, y'"),
        ("a: x, y\n", "'x, y'", "x, y"),
        ("a: no\n", "no", "no"),
        ("a:\n  - b  # first\n  # second\n  - {c: d}\n", "[b, c: d]", None),
        ("a: [b, {c: d}]\n", "[b, {c: d}]", "[b, {c: d}]"),
        ("a: |\n  one\n  two\n", '"one\\ntwo\\n"', None),
        ('"a": {b: 2026-12-01}\n', "{b: 2026-12-01}", "{b: 2026-12-01}"),
    ],
)
def test_a_value_on_one_line(body: str, value: str, written: str | None) -> None:
    found = fragment("# why\n", body)
    assert (found.key, found.lead, found.body, found.value, found.written) == (
        "a",
        "# why\n",
        body,
        value,
        written,
    )


def test_an_alias_means_nothing_by_itself() -> None:
    with pytest.raises(ValueError, match="change it by hand: a: "):
        fragment("", "a: *other\n")
