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


def for_robots(rules: RuleSet, asked: DecisionInput) -> bool:
    """Whether the gateway itself answers this: it is about /robots.txt, and the register's is not for everyone."""
    if asked.path != PATH or asked.method not in ("GET", "HEAD"):
        return False
    anyone = DecisionInput("GET", asked.host, asked.path, asked.segments, asked.client, 0.0)
    return not decide(rules, anyone).allowed


@dataclass(frozen=True, slots=True)
class Robots:
    """Answers where the rules in force don't let just anyone read the register's own."""

    rules: Callable[[], RuleSet]

    def serves(self, request: CanonicalRequest) -> bool:
        """Whether this is about /robots.txt, and the register's is not for everyone."""
        return for_robots(
            self.rules(),
            DecisionInput(request.method, request.host, request.path, request.segments, request.client, 0.0),
        )

    async def robots(self, _request: Request) -> Response:
        """Every address of this site is closed to robots."""
        return Response(_NOTHING, cache=b"max-age=3600")
