"""What a rule says about the requests it decides, beside who may send them: frozen values, compiled once.

Times are in seconds, sizes in octets, header names in lower case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote

from gateway.http_semantics import HeaderLine, HeaderLines

DEFAULT_UPSTREAM: Final = "default"
"""The name of the upstream that a rule uses if it names none."""


@dataclass(frozen=True, slots=True)
class HeaderChanges:
    """Lines to set, in place of all lines with the same names, and names to remove."""

    set: HeaderLines = ()
    remove: frozenset[bytes] = frozenset()

    def __call__(self, lines: Iterable[HeaderLine]) -> list[HeaderLine]:
        """The header lines with these changes."""
        gone = self.remove.union(name for name, _ in self.set)
        return [*(line for line in lines if line[0] not in gone), *self.set]

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        lines = {name.decode("ascii"): value.decode("latin-1") for name, value in self.set}
        return {"set": lines, "remove": sorted(name.decode("ascii") for name in self.remove)}


@dataclass(frozen=True, slots=True)
class Redirect:
    """The answer that a client gets: a location with all variables filled in, and a status."""

    location: str
    status: int


@dataclass(frozen=True, slots=True)
class RedirectTo:
    """A redirect as it is written. `parts` alternate between text and the name of a path variable, text first."""

    parts: tuple[str, ...]
    status: int

    def __call__(self, variables: Mapping[str, str]) -> Redirect:
        """The redirect for these variables; their values are percent-encoded, so that none can name another host."""
        location = self.parts[0]
        for number, part in enumerate(self.parts[1:], 1):
            # A slash stays one, except at the very start, where two slashes would name a host.
            safe = "/" if len(location) > 1 else ""
            location += quote(variables.get(part, ""), safe=safe) if number % 2 else part
        return Redirect(location, self.status)

    @property
    def text(self) -> str:
        """As it is written."""
        return "".join(f"{{{part}}}" if number % 2 else part for number, part in enumerate(self.parts))


@dataclass(frozen=True, slots=True)
class Cors:
    """Which other sites' scripts may read the answers; `origins` is None for all. Names of headers as for people."""

    origins: frozenset[str] | None
    credentials: bool = False
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    max_age: int = 600

    def allows(self, origin: str) -> bool:
        """Whether this site's scripts may."""
        return self.origins is None or origin in self.origins

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "origins": "*" if self.origins is None else sorted(self.origins),
            "credentials": self.credentials,
            "headers": list(self.headers),
            "expose": list(self.expose),
            "max_age": self.max_age,
        }


class Destination(NamedTuple):
    """Where a request goes, in words, and whether that is an upstream."""

    words: str
    is_upstream: bool


Change = Literal["newly_allowed", "newly_denied", "elsewhere"]


def destination_change(before: Destination | None, after: Destination | None) -> Change | None:
    """How a request is affected that went to `before`; None is nowhere: it was denied."""
    if before == after:
        return None
    if after is not None and after.is_upstream and (before is None or not before.is_upstream):
        return "newly_allowed"
    if after is None and before is not None and before.is_upstream:
        return "newly_denied"
    return "elsewhere"


@dataclass(frozen=True, slots=True)
class Handling:
    """Which upstream gets the requests of a rule and how, or the redirect that answers them instead.

    What is None is as the upstream's settings and `edge` say.
    """

    upstream: str = DEFAULT_UPSTREAM
    timeout: float | None = None
    max_body: int | None = None
    request_headers: HeaderChanges | None = None
    response_headers: HeaderChanges | None = None
    redirect: RedirectTo | None = None
    cors: Cors | None = None

    @property
    def destination(self) -> Destination:
        """Where the requests go that may pass."""
        if self.redirect is not None:
            return Destination(f"a redirect to {self.redirect.text} ({self.redirect.status})", False)
        return Destination(f"upstream {self.upstream}", True)

    def to_data(self) -> dict[str, Any]:
        """What differs from PLAIN, as plain data with the names that rules use."""
        found: dict[str, Any] = {}
        if self.redirect is not None:
            found["redirect"] = {"to": self.redirect.text, "status": self.redirect.status}
        elif self.upstream != DEFAULT_UPSTREAM:
            found["upstream"] = self.upstream
        for name in ("timeout", "max_body"):
            if getattr(self, name) is not None:
                found[name] = getattr(self, name)
        for name in ("request_headers", "response_headers", "cors"):
            value = getattr(self, name)
            if value is not None:
                found[name] = value.to_data()
        return found


PLAIN: Final = Handling()
"""What a rule without any of these settings says: the default upstream, as its settings say."""
