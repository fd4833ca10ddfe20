"""Makes an example of what a regular expression matches."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any


def example(text: str) -> str | None:
    """A short text that the expression matches; None where it uses notation that only RE2 has."""
    # Python's own parser reads the same notation, except for a few character classes of RE2.
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
                # Variables are never empty, so optional parts occur once.
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
    for character in "x0-_Z":
        code = ord(character)
        if not any(
            code == value or (isinstance(value, tuple) and value[0] <= code <= value[1])
            for _, value in left_out
        ):
            return character
    raise NotImplementedError("a class without any usual character")
