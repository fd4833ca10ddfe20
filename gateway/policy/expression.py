"""Regular expressions for paths: RE2, which matches in linear time; always on the whole path."""

from __future__ import annotations

import re
from collections.abc import Mapping

import re2

_LONGEST = 1_000
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FLAGS = re.compile(r"\(\?[a-zA-Z-]+[:)]")
# An escape, text without escapes, a character class, or a named group.
_GROUP = re.compile(r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?P?<(\w+)>", re.DOTALL)
_META = frozenset(".[]()|*+?{}^$")
_QUANTIFIERS = frozenset("*+?{")


class Expression:
    """A compiled regular expression, case-sensitive unless it `folds`.

    `prefix` holds the segments that every matching path begins with.
    """

    __slots__ = ("_compiled", "names", "prefix", "text")

    def __init__(self, text: str, *, folds: bool = False) -> None:
        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = not folds
        # An expression that needs hundreds of thousands of states is a mistake.
        options.max_mem = 1 << 20
        self.text = text
        self._compiled = re2.compile(text, options)
        self.names: tuple[str, ...] = tuple(self._compiled.groupindex)
        self.prefix = _prefix(text.removeprefix("^"))

    def match(self, path: str) -> Mapping[str, str] | None:
        """The named groups, if the whole path matches and none of them is empty; None otherwise."""
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
        raise ValueError(f"the regular expression is longer than {_LONGEST} characters: write several rules")
    if not text.removeprefix("^").startswith("/"):
        raise ValueError("a regular expression matches the whole path: begin it with a slash")
    if _FLAGS.search(text):
        raise ValueError("flags such as (?i) are not allowed: matching is case-sensitive")
    try:
        expression = Expression(text)
    except re2.error as problem:
        words = problem.args[0].decode() if isinstance(problem.args[0], bytes) else str(problem)
        raise ValueError(f"this is not a valid regular expression (RE2): {words}") from problem
    for name in _names(text):
        if _names(text).count(name) > 1:
            raise ValueError(f"the variable {name} is used twice")
    for name in expression.names:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is not a variable name: write (?P<name>...) with lower-case letters, digits and _"
            )
    return expression


def _names(text: str) -> list[str]:
    """The names of all groups: RE2 keeps the first of several with one name, and drops what the others matched."""
    return [found[1] for found in _GROUP.finditer(text) if found[1]]


def _prefix(text: str) -> tuple[str, ...]:
    """The whole segments that the expression is certain to begin with, as plain text."""
    plain: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\" and position + 1 < len(text) and not text[position + 1].isalnum():
            character, position = text[position + 1], position + 1
        elif character in _META or character == "\\":
            if character in _QUANTIFIERS and plain:
                plain.pop()
            break
        plain.append(character)
        position += 1
    if "|" in text[position:]:
        # The alternative may replace everything before it.
        return ()
    return tuple("".join(plain).split("/")[1:-1])
