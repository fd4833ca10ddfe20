"""Reads a JSON object that means the same to every reader (I-JSON, RFC 7493), within bounds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

DEEPEST: Final = 16
_MOST_DIGITS: Final = 40
_LONGEST_INTEGER: Final = 4_000
_LARGEST: Final = 2**53 - 1


class Unreadable(ValueError):
    """The text is not a JSON object, or readers may understand it in different ways."""


def json_object(octets: bytes, *, exact: bool = False) -> dict[str, Any]:
    """A JSON object in UTF-8 without duplicate names (RFC 7519 4), at most 16 levels deep. Raises Unreadable.

    `exact`: integers beyond the precision of a double are refused too (RFC 7493 2.2); some providers send such claims.
    """
    try:
        text = octets.decode("utf-8")
        found = (_EXACT if exact else _PLAIN).decode(text)
    except UnicodeDecodeError as problem:
        raise Unreadable("not UTF-8") from problem
    except RecursionError as problem:
        raise Unreadable(f"nested more than {DEEPEST} levels deep") from problem
    except json.JSONDecodeError as problem:
        raise Unreadable(f"not JSON: {problem.msg} at character {problem.pos}") from problem
    if not isinstance(found, dict):
        raise Unreadable("not a JSON object")
    if text.count("[") + text.count("{") > DEEPEST:
        _check_depth(found)
    if "\\u" in text:
        _check_text(found)
    return found


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unreadable("a name occurs twice in one object")
    return found


def _integer(text: str, largest: float) -> int:
    if len(text) > _LONGEST_INTEGER or abs(found := int(text)) > largest:
        raise Unreadable("a number has too many digits")
    return found


def _float(text: str) -> float:
    found = float(text)
    if len(text) > _MOST_DIGITS or found in (float("inf"), float("-inf")):
        raise Unreadable("a number is too large or has too many digits")
    return found


def _constant(name: str) -> Any:
    raise Unreadable(f"{name} is not JSON")


def _check_depth(found: dict[str, Any]) -> None:
    level: list[Any] = [found]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _inside(each) if isinstance(inner, dict | list)]
        if not level:
            return
    raise Unreadable(f"nested more than {DEEPEST} levels deep")


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _check_text(found: dict[str, Any]) -> None:
    """An escaped half of a surrogate pair is valid JSON, but cannot be encoded again."""
    try:
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as problem:
        raise Unreadable("a text has half of a surrogate pair") from problem


_decoder = partial(json.JSONDecoder, object_pairs_hook=_members, parse_float=_float, parse_constant=_constant)
_PLAIN: Final = _decoder(parse_int=partial(_integer, largest=float("inf")))
_EXACT: Final = _decoder(parse_int=partial(_integer, largest=_LARGEST))
