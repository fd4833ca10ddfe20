"""What the strict reading of paths can be opened to, for an environment or for one rule."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator

from gateway.settings import Settings

PARAMETERS: Final = "parameters: strip"
EMPTY_SEGMENTS: Final = "empty_segments: keep"
OCTETS: Final = "octets: any"
HASH, QUESTION_MARK, SEMICOLON, SLASH = (f"encoded: {escape}" for escape in ("%23", "%3F", "%3B", "%2F"))

_Escape = Annotated[
    Literal["%23", "%3F", "%3B", "%2F"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]


class PathOpenings(Settings):
    """Which paths are let through that the strict reading refuses."""

    parameters: Literal["refuse", "strip"] = "refuse"
    """Path parameters, such as ;jsessionid=...: `strip` judges each segment without them, as a servlet container
    reads it, and forwards them."""

    encoded: tuple[_Escape, ...] = ()
    """Encoded characters that may be part of a name: "%23" (#), "%3F" (?), "%3B" (;), "%2F" (/)."""

    empty_segments: Literal["refuse", "keep"] = "refuse"
    """Two slashes in a row: `keep` forwards them."""

    octets: Literal["utf-8", "any"] = "utf-8"
    """`any`: encoded octets that are not UTF-8 are read as ISO-8859-1."""

    @property
    def names(self) -> frozenset[str]:
        """What is open, each as "KEY: VALUE"."""
        found = [f"encoded: {escape}" for escape in self.encoded]
        found += [PARAMETERS] if self.parameters == "strip" else []
        found += [EMPTY_SEGMENTS] if self.empty_segments == "keep" else []
        found += [OCTETS] if self.octets == "any" else []
        return frozenset(found)
