"""Finds in a regular expression what is written often and meant seldom. It knows nothing of rules."""

from __future__ import annotations

import re
from collections.abc import Iterator

# An escape, a class in brackets, or one sign: what can stand in an expression, so that a dot in a class is none.
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)


def regex_risks(text: str) -> Iterator[tuple[str, str]]:
    """(code, words) of each thing that is hardly meant."""
    signs = _TOKEN.findall(text.removeprefix("^").removesuffix("$"))
    plain = [number for number, sign in enumerate(signs) if sign == "."]
    single = [number for number in plain if _after(signs, number) not in ("*", "+", "?", "{")]
    if single:
        yield "regex-dot", r"a dot in the regular expression stands for any sign; for a dot write \."
    across = [number for number in plain if _after(signs, number) in ("*", "+", "{")]
    if any(_goes_on(signs, number) for number in across):
        words = (
            "in the middle of the regular expression .* runs over slashes too; for one segment write [^/]*"
        )
        yield "regex-slash", words


def _after(signs: list[str], number: int) -> str:
    return signs[number + 1] if number + 1 < len(signs) else ""


def _goes_on(signs: list[str], number: int) -> bool:
    """Whether a slash must come after this repeated dot: then more segments may stand where one is seen."""
    return "/" in signs[number + 1 :]
