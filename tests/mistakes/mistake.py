"""A planted mistake: what is done wrong, and what catches it before it is live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# How it is caught, and what that is called on the page.
WAYS: Final = {
    "error": "`gateway config validate` refuses the file",
    "warning": "`gateway config validate` warns",
    "test": "a test fails",
    "never": "an invariant fails",
    "diff": "`gateway policy diff` shows it",
}


@dataclass(frozen=True)
class Mistake:
    """A wrong edit of the shipped config.yaml: pairs of a text that stands there and what it becomes, in its first place.

    `caught` has everything that catches it, as WAY:WORDS: an error and a line of diff by words in it, a warning by its
    code, a test or an invariant by words in its title. Each of them must do so; A|B means one of two texts.
    """

    name: str
    what: str
    edit: Sequence[tuple[str, str]]
    caught: Sequence[str]


@dataclass(frozen=True)
class Proven:
    """Another mistake, in keys, clocks or commands: `caught` says in words by what, and `test` (PATH::NAME) proves it."""

    name: str
    what: str
    caught: str
    test: str
