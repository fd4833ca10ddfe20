"""Reads a regular expression for paths: of the kind that is matched in linear time (RE2), always on the whole path.

It knows nothing of rules. Matching tells upper from lower case, and a variable is never empty.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import re2

_LONGEST = 1_000
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FLAGS = re.compile(r"\(\?[a-zA-Z-]+[:)]")
_META = frozenset(".[]()|*+?{}^$")
_QUANTIFIERS = frozenset("*+?{")


class Expression:
    """A compiled regular expression; `prefix` are the segments with which every path begins that it matches."""

    __slots__ = ("_compiled", "names", "prefix", "text")

    def __init__(self, text: str) -> None:
        options = re2.Options()
        options.log_errors = False
        # Hundreds of thousands of states would be a mistake, not a rule.
        options.max_mem = 1 << 20
        self.text = text
        self._compiled = re2.compile(text, options)
        self.names: tuple[str, ...] = tuple(self._compiled.groupindex)
        self.prefix = _prefix(text.removeprefix("^"))

    def match(self, path: str) -> Mapping[str, str] | None:
        """The named groups where the whole path matches and none of them is empty; None otherwise."""
        found = self._compiled.fullmatch(path)
        if found is None:
            return None
        if not self.names:
            return {}
        groups: dict[str, str] = found.groupdict()
        return groups if all(groups.values()) else None


def parse_expression(text: str) -> Expression:
    """Read a regular expression. Raises ValueError that says what to write instead."""
    if len(text) > _LONGEST:
        raise ValueError(f"the regular expression is longer than {_LONGEST} signs: write several rules")
    if not text.removeprefix("^").startswith("/"):
        raise ValueError("a regular expression is about the whole path: begin it with a slash")
    if _FLAGS.search(text):
        raise ValueError("flags such as (?i) cannot stand here: letters are compared as they are written")
    try:
        expression = Expression(text)
    except re2.error as problem:
        words = problem.args[0].decode() if isinstance(problem.args[0], bytes) else str(problem)
        raise ValueError(
            f"this is no regular expression of the kind that is used here (RE2): {words}"
        ) from problem
    for name in expression.names:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is no variable: write (?P<name>...) with lower-case letters, digits and _"
            )
    return expression


def _prefix(text: str) -> tuple[str, ...]:
    """The whole segments that the expression begins with for certain, as plain text."""
    plain: list[str] = []
    place = 0
    while place < len(text):
        sign = text[place]
        if sign == "\\" and place + 1 < len(text) and not text[place + 1].isalnum():
            sign, place = text[place + 1], place + 1
        elif sign in _META or sign == "\\":
            if sign in _QUANTIFIERS and plain:
                plain.pop()
            break
        plain.append(sign)
        place += 1
    if "|" in text[place:]:
        # The alternative may be to all that stands before it.
        return ()
    return tuple("".join(plain).split("/")[1:-1])


def example(text: str) -> str | None:
    """A short text that the expression matches; None where it uses what cannot be followed here."""
    # Python's own parser knows the same notation but for a few classes that RE2 alone has.
    sre: Any = import_module("re._parser")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parsed: Any = sre.parse(text)
        return "".join(_shortest(parsed))
    except (re.error, NotImplementedError, Warning):
        return None


def _shortest(parsed: Any) -> Iterator[str]:
    for operator, argument in parsed:
        match str(operator):
            case "LITERAL":
                yield chr(argument)
            case "ANY" | "NOT_LITERAL":
                yield "x"
            case "IN":
                yield _one_of(argument)
            case "BRANCH":
                yield from _shortest(argument[1][0])
            case "SUBPATTERN":
                yield from _shortest(argument[-1])
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, part = argument
                # A variable may not be empty, so what may stand there stands there once.
                for _ in range(max(least, 1) if most else 0):
                    yield from _shortest(part)
            case "AT":
                continue
            case other:
                raise NotImplementedError(other)


def _one_of(choices: Any) -> str:
    kind, value = str(choices[0][0]), choices[0][1]
    if kind == "LITERAL":
        return chr(value)
    if kind == "RANGE":
        return chr(value[0])
    if kind == "CATEGORY":
        return {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "x", "CATEGORY_NOT_DIGIT": "x"}.get(str(value), "x")
    left_out = [each for each in choices[1:] if str(each[0]) in ("LITERAL", "RANGE")]
    for sign in "x0-_Z":
        code = ord(sign)
        if not any(
            code == value or (isinstance(value, tuple) and value[0] <= code <= value[1])
            for _, value in left_out
        ):
            return sign
    raise NotImplementedError("a class that leaves out every usual sign")
