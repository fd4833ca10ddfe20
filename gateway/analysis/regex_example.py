"""Makes examples of what a regular expression matches."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from itertools import islice, product
from typing import Any, Final

from gateway.policy.expression import Expression

# How many examples of one expression are tried, each with another choice among its alternatives.
_MOST: Final = 64


def regex_example(text: str) -> str | None:
    """A short path that a rule with this expression covers; None where none was found, or it uses notation that only RE2 has."""
    return next(iter(_covered(text, _tried(text) or ())), None)


def covers_nothing(text: str) -> bool:
    """Whether a rule with this expression covers no path, however its alternatives are chosen: a variable is never empty."""
    tried = _tried(text)
    # Where there were more choices, one of the others may do.
    return tried is not None and len(tried) < _MOST and not any(_covered(text, tried))


def _covered(text: str, paths: Sequence[str]) -> Iterator[str]:
    expression = Expression(text)
    return (each for each in paths if expression.match(each) is not None)


def _tried(text: str) -> list[str] | None:
    # Python's own parser reads the same notation, except for a few character classes of RE2.
    sre: Any = import_module("re._parser")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _texts(sre.parse(text))
    except (re.error, NotImplementedError, Warning):
        return None


def _texts(parsed: Any) -> list[str]:
    """Short texts for each choice among alternatives, those of the first choices first."""
    parts = [list(_of_one(operator, argument)) for operator, argument in parsed]
    return list(islice(map("".join, product(*parts)), _MOST))


def _of_one(operator: Any, argument: Any) -> Iterator[str]:
    match str(operator):
        case "LITERAL":
            yield chr(argument)
        case "ANY" | "NOT_LITERAL":
            yield "x" if argument != ord("x") else "y"
        case "IN":
            yield _one_of(argument)
        case "BRANCH":
            for each in argument[1]:
                yield from _texts(each)
        case "SUBPATTERN":
            yield from _texts(argument[-1])
        case "MAX_REPEAT" | "MIN_REPEAT":
            yield from _repeated(*argument)
        case "AT" if str(argument) in ("AT_BEGINNING", "AT_END"):
            yield ""
        case other:
            raise NotImplementedError(other)


def _repeated(least: int, most: int, part: Any) -> Iterator[str]:
    once = _texts(part)
    # Variables are never empty, so optional parts occur once.
    times = max(least, 1) if most else 0
    yield from (each * times for each in once)
    if most >= len(once) > 1:
        yield "".join(once)
    if least == 0 < most:
        yield ""


def _usual(choices: Sequence[Any]) -> Iterator[str]:
    kind, value = str(choices[0][0]), choices[0][1]
    if kind in ("LITERAL", "RANGE"):
        yield chr(value if kind == "LITERAL" else value[0])
    yield from "x0-_Z. "


def _one_of(choices: Sequence[Any]) -> str:
    found = next(filter(partial(_is_one_of, choices), _usual(choices)), None)
    if found is None:
        raise NotImplementedError("a class without any usual character")
    return found


def _is_one_of(choices: Sequence[Any], character: str) -> bool:
    negated = str(choices[0][0]) == "NEGATE"
    return negated is not any(_is_in(str(kind), value, character) for kind, value in choices)


def _is_in(kind: str, value: Any, character: str) -> bool:
    match kind:
        case "LITERAL":
            return bool(ord(character) == value)
        case "RANGE":
            return bool(value[0] <= ord(character) <= value[1])
        case "CATEGORY":
            name = str(value).removeprefix("CATEGORY_")
            pattern = {"DIGIT": "[0-9]", "WORD": "[0-9A-Za-z_]", "SPACE": "[ ]"}[name.removeprefix("NOT_")]
            found = re.match(pattern, character) is not None
            return found is not name.startswith("NOT_")
        case _:
            return False
