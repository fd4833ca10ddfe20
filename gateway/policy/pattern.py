"""Path patterns: literal segments, `{name}` for one segment, `**` at the end for the rest; or a regular expression.

A pattern matches the whole canonical path, segment by segment; case-sensitively, unless it is made `folding`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import ascii_lowercase, ascii_uppercase

from gateway.policy.expression import Expression, parse_expression

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)


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
    Where it `folds`, A-Z and a-z are the same, and `parts` has its literals in lower case.
    """

    text: str
    parts: tuple[Literal | Variable, ...]
    rest: bool
    expression: Expression | None = field(default=None, compare=False)
    folds: bool = False

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
                if part.text != segment and not (self.folds and part.text == fold_case(segment)):
                    return None
            elif not segment:
                return None
            else:
                found[part.name] = segment
        return found

    def folding(self) -> Pattern:
        """This pattern for a register that doesn't tell A-Z from a-z. Raises ValueError where that is ambiguous.

        Other letters are refused: servers disagree about which of them are the same.
        """
        texts = [part.text for part in self.parts if isinstance(part, Literal)]
        texts += [self.expression.text] if self.expression is not None else []
        strange = next(
            (sign for text in texts for sign in text if not sign.isascii() and sign.isalpha()), None
        )
        if strange is not None:
            raise ValueError(
                f"with `case: insensitive` a path pattern has letters a to z only, and not {strange}: write {{name}} for"
                " that segment"
            )
        parts = tuple(
            Literal(fold_case(part.text)) if isinstance(part, Literal) else part for part in self.parts
        )
        expression = self.expression and Expression(self.expression.text, folds=True)
        return replace(self, parts=parts, expression=expression, folds=True)


def fold_case(text: str) -> str:
    """The text with A-Z as a-z, and every other letter as it is."""
    return text.lower() if text.isascii() else text.translate(_SMALL)


def parse_pattern(text: str) -> Pattern:
    """Read a pattern. Raises ValueError that says what to write instead."""
    if not text.startswith("/"):
        raise ValueError(f"a path starts with a slash: write /{text}")
    if "?" in text or "#" in text:
        raise ValueError("a path has no query: rules match the path only")
    unseen = next((sign for sign in text if not sign.isprintable()), None)
    if unseen is not None:
        name = unicodedata.name(unseen, "a control character").lower()
        raise ValueError(f"the path contains U+{ord(unseen):04X}, {name}, which nobody sees: delete it")
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
