"""What is not YAML is said in plain words, where it can be mended, with a picture of the line."""

from __future__ import annotations

import pytest

from gateway.config.positions import read_yaml
from gateway.config.problems import ConfigError, Problem
from gateway.config.yaml_faults import decode_file, picture

QUOTES = "put the value between quotes"


def problems(content: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as refused:
        read_yaml(content.encode() if isinstance(content, str) else content, "f.yaml")
    return refused.value.problems


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("rules:\n\t- id: x\n", (2, 1), "indented with a tab: use spaces"),
        ("a:\n  b: 1\n \tc: 2\n", (3, 2), "indented with a tab: use spaces"),
        ("a: \t@b\n", (1, 5), f"cannot begin with '@': {QUOTES}"),
        ("a:\n  b: 1\n c: 2\n", (3, 2), "the indentation of this line fits no line above it"),
        ("a:\n  b: 1\n   c: 2\n", (3, 4), "deeper than the one above, which has its value already"),
        ("rules:\n  - id: x\n - id: y\n", (3, 2), "is it indented as the other items?"),
        ("a: 1\n- b\n", (2, 1), "a list item stands where keys are expected"),
        ("- a\nb: 1\n", (2, 1), "begin the line with `- `"),
        ("a: - b\n", (1, 4), "a list begins on a line of its own"),
        ("a: 1\n---\nb: 2\n", (2, 1), "a second document begins here"),
        ("a: 1\n...\nb: 2\n", (2, 1), "a second document begins here"),
        ("version: 1\nrules\n  - id: x\n", (2, 6), "this line has no colon"),
        ("version 1\nrules: []\n", (1, 10), "this line has no colon"),
        ("a:1\nb: 2\n", (1, 4), "this line has no colon"),
        ("# a: 1\nb # c: d\nc: 2\n", (2, 2), "this line has no colon"),
        ("label: a: b\n", (1, 9), f"a second colon on this line: {QUOTES}"),
        ('a: "b\nc: d\n', (1, 4), "the quote that opens here is not closed"),
        ("a: 1\nb: 'c\nd: e\n", (2, 4), "the quote that opens here is not closed"),
        ("a: 'it's'\n", (1, 8), "something is behind the end of the value"),
        ("a: [b] c\n", (1, 8), "something is behind the end of the value"),
        ("a: [1, 2\nb: 3\n", (1, 4), "the [ that opens here is not closed, or a comma is missing at line 2"),
        ("a: [\n", (1, 4), "the [ that opens here is not closed"),
        ("a: {b: [1, 2}\n", (1, 13), "a bracket is not closed"),
        ("a: {b: 1 c: 2}\n", (1, 11), "a comma is missing here"),
        ("b: ]\n", (1, 4), "cannot begin with ']'"),
        ("hosts: *.example.be\n", (1, 8), f"begins with * means something else in YAML: {QUOTES}"),
        ("a: &\n", (1, 4), "begins with & means something else"),
        ("a: `b`\n", (1, 4), f"cannot begin with '`': {QUOTES}"),
        ("a: %b\n", (1, 4), "cannot begin with '%'"),
        ("a: !x!y z\n", (1, 4), "cannot begin with !"),
        ('a: "C:\\dir"\n', (1, 7), "a backslash between double quotes"),
        ("a: >=5\n", (1, 4), "begins with | or > is a block of text"),
        ("a: &x 1\nb: &x 2\n", (2, 4), "given twice"),
        ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n", (2, 1), "a merge left a conflict"),
        ("<<<<<<< HEAD\na: 1\n", (1, 1), "a merge left a conflict"),
    ],
)  # fmt: skip
def test_the_place_and_the_remedy_are_named(text: str, place: tuple[int, int], words: str) -> None:
    (found,) = problems(text)
    assert ((found.line, found.column), "this is not YAML: " in found.message) == (place, True), found
    assert words in found.message
    line, mark = found.picture.splitlines()
    assert line.startswith(f"{found.line:>6} | ")
    assert mark.strip("| ") == "^"


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        ("a: 1\n".encode("utf-16-le"), (1, 1), "the file seems to be saved as UTF-16: save it as UTF-8"),
        ("a: 1\n".encode("utf-16-be"), (1, 1), "the file seems to be saved as UTF-16: save it as UTF-8"),
        ("a: 1\n".encode("utf-32"), (1, 1), "not saved as UTF-8"),
        (b"a: 1\nb: caf\xe9 noir\n", (2, 7), "the octet 0xe9 is not UTF-8; in Windows-1252 and ISO-8859-1 it is 'é'"),
        (b"a: caf\xe9", (1, 7), "0xe9"),
        (b"a: \x80\n", (1, 4), "it is '€'"),
        (b"a: b\x01\n", (1, 5), "a control character, U+0001"),
        (b"a: \x00\x00b\n", (1, 4), "a control character, U+0000"),
    ],
)  # fmt: skip
def test_other_encodings_are_named(content: bytes, place: tuple[int, int], words: str) -> None:
    (found,) = problems(content)
    assert (found.line, found.column) == place
    assert words in found.message


def test_a_byte_order_mark_is_no_trouble() -> None:
    data, positions = read_yaml("\ufeffa: 1\n".encode(), "f.yaml")
    assert data == {"a": 1}
    assert positions.problem(("a",), "", at_key=True).column == 1
    assert read_yaml("a: é\n".encode("utf-16"), "f.yaml")[0] == {"a": "é"}
    assert decode_file("\ufeffé".encode(), "f") == "é"


def test_keys_that_look_right_are_named() -> None:
    found = [each.message for each in problems("a:\n\u00a0\u00a0b: 1\nrules:\n  -id: x\n")]
    assert "this key begins with an invisible character, U+00A0: delete it and type a space" in found
    assert "write a space behind the hyphen of a list item: `- id`" in found


def test_a_picture_shows_what_is_invisible_and_cuts_what_is_long() -> None:
    assert picture("a:\n\tb: 1\n", 2, 2) == "     2 | <TAB>b: 1\n       |      ^"
    line, mark = picture("x" * 500 + "@" + "y" * 500, 1, 501).splitlines()
    assert (len(line) < 100, line[mark.index("^")]) == (True, "@")
    assert picture("a", 7, 1) == ""
