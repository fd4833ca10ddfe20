"""/robots.txt: no search engine is let in (RFC 9309), unless the register may say so itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from gateway.model import CanonicalRequest, DecisionInput
from gateway.policy.evaluate import decide
from gateway.policy.ruleset import RuleSet
from gateway.responses import Response

PATH: Final = "/robots.txt"
_NOTHING: Final = b"User-agent: *\nDisallow: /\n"


@dataclass(frozen=True, slots=True)
class Robots:
    """Answers where the rules in force don't let just anyone read the register's own."""

    rules: Callable[[], RuleSet]

    def serves(self, request: CanonicalRequest) -> bool:
        """Whether this is about /robots.txt, and the register's is not for everyone."""
        if request.path != PATH or request.method not in ("GET", "HEAD"):
            return False
        anyone = DecisionInput("GET", request.host, request.path, request.segments, request.client, 0.0)
        return not decide(self.rules(), anyone).allowed

    async def robots(self, _request: Request) -> Response:
        """Every address of this site is closed to robots."""
        return Response(_NOTHING, cache=b"max-age=3600")
