"""A decision point for tests: it keeps what it was asked, checks it by the published schemas, and answers as it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.running import serving

SCHEMAS = Path(__file__).parent.parent / "authzen/schemas"
REQUEST = Draft202012Validator(json.loads((SCHEMAS / "evaluation-request.schema.json").read_text()))
RESPONSE = Draft202012Validator(json.loads((SCHEMAS / "evaluation-response.schema.json").read_text()))
ALLOWED = {"decision": True}


class ScriptedPoint:
    """`decide` gives the decision about one evaluation; `answers` an answer to a whole call instead."""

    def __init__(self) -> None:
        self.url = ""
        self.reset()

    def reset(self) -> None:
        self.decide: Callable[[dict[str, Any]], Any] = lambda _evaluation: ALLOWED
        self.answers: Callable[[], Any] | None = None
        self.metadata: dict[str, Any] | int | None = None
        self.asked: list[dict[str, Any]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []

    @property
    def app(self) -> Starlette:
        """Its endpoints, by the usual paths."""
        return Starlette(
            routes=[
                Route("/.well-known/authzen-configuration", self._metadata),
                Route("/access/v1/evaluation", self._evaluation, methods=["POST"]),
                Route("/access/v1/evaluations", self._evaluations, methods=["POST"]),
            ]
        )

    def stated(self, **other: Any) -> dict[str, Any]:
        """Its metadata, but for these."""
        endpoints = {
            f"access_{name}_endpoint": f"{self.url}/access/v1/{name}"
            for name in ("evaluation", "evaluations")
        }
        return {"policy_decision_point": self.url, **endpoints, **other}

    async def _metadata(self, _request: Request) -> Response:
        if isinstance(self.metadata, int):
            return Response(status_code=self.metadata)
        return JSONResponse(self.metadata if self.metadata is not None else self.stated())

    async def _evaluation(self, request: Request) -> Response:
        body = await self._noted(request)
        self._check(body)
        return await self._answer(request, lambda: self.decide(body))

    async def _evaluations(self, request: Request) -> Response:
        body = await self._noted(request)
        for each in body["evaluations"]:
            self._check(each)
        return await self._answer(
            request, lambda: {"evaluations": [self.decide(each) for each in body["evaluations"]]}
        )

    async def _noted(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        self.headers.append(dict(request.headers))
        self.calls.append((request.url.path, body))
        return body

    def _check(self, evaluation: dict[str, Any]) -> None:
        REQUEST.validate(evaluation)
        self.asked.append(evaluation)

    async def _answer(self, request: Request, decision: Callable[[], Any]) -> Response:
        found = self.answers() if self.answers is not None else decision()
        if isinstance(found, Response):
            return found
        if hasattr(found, "__await__"):
            return await found  # type: ignore[no-any-return]
        return JSONResponse(found, headers={"X-Request-ID": request.headers["x-request-id"]})


@contextmanager
def scripted_point() -> Iterator[ScriptedPoint]:
    """A decision point on a free port, until the block ends."""
    point = ScriptedPoint()
    with serving(point.app) as running:
        point.url = f"http://127.0.0.1:{running.port}"
        yield point
