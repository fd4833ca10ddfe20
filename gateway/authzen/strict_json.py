"""Reads JSON that means the same to every reader (I-JSON, RFC 7493), within bounds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

DEEPEST: Final = 16
_MOST_DIGITS: Final = 40
_BOM: Final = "\ufeff"


class Unreadable(ValueError):
    """The text is no JSON object, or one that readers understand in different ways."""


def read_object(body: bytes) -> dict[str, Any]:
    """The object in this text. Raises Unreadable with words for whoever sent it."""
    try:
        text = body.decode("utf-8")
        if text.startswith(_BOM):
            raise Unreadable("the body is not JSON: it begins with a byte order mark")
        found = _DECODER.decode(text)
    except UnicodeDecodeError as problem:
        raise Unreadable("the body is not UTF-8") from problem
    except RecursionError as problem:
        raise Unreadable(f"the body is nested more than {DEEPEST} levels deep") from problem
    except json.JSONDecodeError as problem:
        raise Unreadable(f"the body is not JSON: {problem.msg} at character {problem.pos}") from problem
    if not isinstance(found, dict):
        raise Unreadable("the body is not a JSON object")
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


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise Unreadable("a number has too many digits")
    return int(text)


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
    raise Unreadable(f"the body is nested more than {DEEPEST} levels deep")


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _check_text(found: dict[str, Any]) -> None:
    try:
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as problem:
        raise Unreadable("a text has half of a surrogate pair") from problem


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
