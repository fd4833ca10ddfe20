"""Which buttons somebody can use: asked of the gateway's decision point, for the script of the pages."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from examples.buttons.decisions import NoAnswer, ask
from simulator.register.faces import CONTEXT
from simulator.register.postback import body_of

SCRIPT: Final = Path(__file__).parents[2] / "examples/buttons/buttons.js"


@dataclass(frozen=True, slots=True)
class DecisionPoint:
    """Where the decision point is, and the file with the register's token for it."""

    url: str
    token: Path


class Buttons:
    """The address that the script asks. It adds who asks, and passes on what people may read."""

    def __init__(self, point: DecisionPoint | None) -> None:
        self._point = point

    def routes(self) -> list[Route]:
        """The one address."""
        return [Route(f"{CONTEXT}/knoppen", self.look, methods=["POST"])]

    async def look(self, request: Request) -> Response:
        """The answers; 400 for a body that is no such question, 503 where the decision point gives none."""
        try:
            wishes = [_wish(each) for each in json.loads(await body_of(request))["evaluations"]]
        except (ValueError, LookupError, TypeError, RecursionError):
            return JSONResponse({"fout": "Dit is geen vraag."}, 400)
        try:
            answers = await asyncio.to_thread(self._ask, dict(request.headers), wishes)
        except (NoAnswer, OSError):
            return JSONResponse({"fout": "De toegangspoort geeft nu geen antwoord."}, 503)
        return JSONResponse({"evaluations": answers}, headers={"cache-control": "no-store"})

    def _ask(self, headers: dict[str, str], wishes: list[tuple[str, str]]) -> list[dict[str, Any]]:
        if self._point is None:
            raise NoAnswer("this register has no decision point")
        # Read each time: a token is replaced while the register runs.
        return ask(self._point.url, self._point.token.read_text("ascii").strip(), headers, wishes)


def _wish(each: Any) -> tuple[str, str]:
    return each["action"]["name"], each["resource"]["id"]
