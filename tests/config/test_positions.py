"""YAML with positions: where each value and key is, and what is refused."""

from __future__ import annotations

import pytest

from gateway.config.positions import Positions, read_yaml
from gateway.config.problems import ConfigError, Problem

TEXT = "a:\n  - b: 1\n    c: [x, 'y']\n"


def test_places_of_values_and_keys() -> None:
    data, positions = read_yaml(TEXT, "f.yaml")
    assert data == {"a": [{"b": 1, "c": ["x", "y"]}]}
    assert positions.problem(("a", 0, "c", 1), "m") == Problem("f.yaml", 3, 12, "m")
    assert positions.problem(("a", 0, "c"), "m", at_key=True) == Problem("f.yaml", 3, 5, "m")
    # The nearest place above it that is in the file.
    assert positions.problem(("a", 0, "d", "e"), "m") == Problem("f.yaml", 2, 5, "m")
    assert (positions.known(("a", 0)), positions.known(("a", 1))) == (True, False)


def test_moved_values_are_reported_where_they_were_written() -> None:
    _, positions = read_yaml(TEXT, "f.yaml")
    outer = Positions("main.yaml", {(): (1, 1)}, moved={("rules", 7): (positions, ("a", 0))})
    assert outer.problem(("rules", 7, "b"), "m") == Problem("f.yaml", 2, 8, "m")
    assert outer.known(("rules", 7, "b"))
    assert outer.problem(("rules", 8), "m") == Problem("main.yaml", 1, 1, "m")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "f:2:1: the key 'a' is given twice, first at line 1"),
        ("a:", "f:1:1: 'a' has no value: write one, or leave the key out"),
        ("a: !x 1", "f:1:4: the tag !x is not allowed"),
        ('a: "\\x00"', "f:1:4: this text contains a control character"),
        ("[x]: 1", "f:1:1: a key must be a plain word"),
        ("<<: {a: 1}", "f:1:1: merge keys"),
        ("a: &a [*a]", "f:1:4: an alias (*) of this stands within it"),
        ("a: &a {b: [*a]}", "f:1:4: an alias (*) of this stands within it"),
        ("a: [", "f:1:4: this is not YAML"),
        ("", "f:1:1: the file is empty"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_yaml(f"{text}\n" if text else text, "f")
    assert str(refused.value).startswith(message)


def test_a_file_that_explodes_is_told_once() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for name, before in zip("bcdefgh", "abcdefg", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    with pytest.raises(ConfigError) as refused:
        read_yaml("\n".join([*lines, "i: 1", "j: {k: 2}", ""]), "f")
    (problem,) = refused.value.problems
    assert "too large once its aliases are expanded" in problem.message


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("[" * 100_000, "1:51"),
        ("[" * 100_000 + "]" * 100_000, "1:51"),
        ("{a: " * 100_000, "1:201"),
        ("- " * 100_000, "1:101"),
        ("? " * 100_000, "1:101"),
        ("".join(f"{' ' * depth}a:\n" for depth in range(2_000)), "51:51"),
        ("version: 1\nrules:\n- " + "[" * 100_000, "3:51"),
        ("- \u00e9\u20ac\n- " + "[" * 100_000, "2:52"),
    ],
)
def test_deep_files_are_refused_before_they_use_up_the_stack(text: str, at: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_yaml(text, "f")
    assert str(refused.value) == f"f:{at}: this is nested deeper than 50 levels"


def test_what_is_freed_in_pieces_is_listed_once_also_where_much_of_a_file_is_moved() -> None:
    file = Positions("b.yaml", {(number,): (number, 1) for number in range(100)}, {("a",): (1, 1)})
    moved = {(number,): (Positions(file.file, file.values, file.keys), ()) for number in range(100)}
    positions = Positions("a.yaml", {(): (1, 1)}, {}, moved)
    pieces = list(positions.pieces())
    assert [pieces.count(table) for table in (moved, file.values, file.keys)] == [1, 1, 1]
    assert len(pieces) == 5 + 100 + 1 + 100 + 1
