"""Path patterns: literal segments, `{name}` for one segment, `**` at the end for the rest; or a regular expression.

A pattern matches the whole canonical path, segment by segment and case-sensitively.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.policy.expression import Expression, parse_expression

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Literal:
    """Matches this text only."""

    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """Matches any non-empty segment, and gives it a name."""

    name: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A path pattern; `rest` is set where it ends in `**`, which matches nothing, "/" or anything below.

    With an `expression`, `parts` holds only its literal beginning: the expression must match the path as well.
    """

    text: str
    parts: tuple[Literal | Variable, ...]
    rest: bool
    expression: Expression | None = field(default=None, compare=False)

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its variables, in order."""
        if self.expression is not None:
            return self.expression.names
        return tuple(part.name for part in self.parts if isinstance(part, Variable))

    def match(self, segments: Sequence[str]) -> Mapping[str, str] | None:
        """The variables where the pattern matches, None where it does not. The plain meaning of a pattern."""
        if self.expression is not None:
            return self.expression.match("/" + "/".join(segments))
        if self.rest:
            if len(segments) < len(self.parts):
                return None
        elif len(segments) != len(self.parts):
            return None
        found: dict[str, str] = {}
        for part, segment in zip(self.parts, segments, strict=False):
            if isinstance(part, Literal):
                if part.text != segment:
                    return None
            elif not segment:
                return None
            else:
                found[part.name] = segment
        return found


def parse_pattern(text: str) -> Pattern:
    """Read a pattern. Raises ValueError that says what to write instead."""
    if not text.startswith("/"):
        raise ValueError(f"a path starts with a slash: write /{text}")
    if "?" in text or "#" in text:
        raise ValueError("a path has no query: rules match the path only")
    if not text.isprintable():
        raise ValueError("the path contains control characters")
    words = text[1:].split("/")
    rest = words[-1] == "**"
    if rest:
        words.pop()
    parts: list[Literal | Variable] = []
    for position, word in enumerate(words):
        if word == "" and (position < len(words) - 1 or rest):
            raise ValueError("a path has no empty segment: write one slash instead of two")
        part = _part(word)
        if isinstance(part, Variable) and part in parts:
            raise ValueError(f"the variable {word} is used twice")
        parts.append(part)
    return Pattern(text, tuple(parts), rest)


def parse_regex(text: str) -> Pattern:
    """Read a regular expression as a pattern. Raises ValueError that says what to write instead."""
    expression = parse_expression(text)
    return Pattern(f"regex {text}", tuple(Literal(word) for word in expression.prefix), True, expression)


def _part(word: str) -> Literal | Variable:
    if word.startswith("{") and word.endswith("}"):
        if not _NAME.fullmatch(word[1:-1]):
            raise ValueError(
                f"{word} is not a variable: write {{name}} with lower-case letters, digits and _"
            )
        return Variable(word[1:-1])
    if word in (".", ".."):
        raise ValueError("a path has no . or .. segments")
    if "**" in word:
        raise ValueError("** must be the last segment: /a/**")
    if set(word) & set("{}*"):
        raise ValueError(f"{word!r} mixes text with {{}} or *: a variable fills a whole segment")
    if "%" in word:
        raise ValueError(f"{word!r} contains a percent sign: write the decoded text")
    return Literal(word)
