"""The Access Evaluation and Access Evaluations endpoints of the Authorization API: one decision, or several."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from gateway.analysis.subject_identity import moment_of
from gateway.authzen.authorization_api import AuthzenRequest
from gateway.authzen.messages import (
    Evaluation,
    Evaluations,
    Unanswerable,
    each_evaluation,
    parse_message,
)
from gateway.authzen.request_mapping import RequestMapping
from gateway.decision_point.evaluation_response import EvaluationResponses, unanswerable_response
from gateway.decision_point.evaluator import Evaluator, HypotheticalRequest, permitted
from gateway.decision_point.subjects import Subjects
from gateway.edge.client import UNKNOWN, parse_address
from gateway.exchange import Caller
from gateway.observe.asked_by import About

_SHORT: Final[Mapping[str, bool]] = {"deny_on_first_deny": False, "permit_on_first_permit": True}
# After this many evaluations, requests get their turn.
_AT_ONCE: Final = 4


@lru_cache(maxsize=4_096)
def _address(text: str) -> str | None:
    address = parse_address(text)
    return str(address) if address is not None else None


def address_and_moment(context: Mapping[str, Any]) -> tuple[str, float | None]:
    """The client's address and the moment (None for now) in a context. Raises Unanswerable."""
    text, time = context.get("ip"), context.get("time")
    address = _address(text) if isinstance(text, str) else None
    if text is not None and address is None:
        raise Unanswerable("context.ip: write the address of the client: 192.0.2.1")
    try:
        return address or UNKNOWN, None if time is None else moment_of(time, "context.time")
    except ValueError as problem:
        raise Unanswerable(str(problem)) from problem


@dataclass(frozen=True, slots=True)
class EvaluationEndpoints:
    """Answers evaluations. `most` is how many one request may hold; `count` counts a decision by caller and verdict."""

    evaluator: Evaluator
    subjects: Subjects
    mapping: RequestMapping
    responses: EvaluationResponses
    most: int
    count: Callable[[str, str], None]

    async def evaluate(self, request: AuthzenRequest) -> dict[str, Any]:
        """One decision. Raises Unanswerable."""
        request.program.require("evaluate")
        return await self._one(request, request.data)

    async def evaluate_all(self, request: AuthzenRequest) -> dict[str, Any]:
        """Several decisions in their order, or one where `evaluations` is empty. Raises Unanswerable."""
        request.program.require("evaluate")
        message = parse_message(Evaluations, request.data)
        if not message.evaluations:
            return await self._one(request, request.data)
        if len(message.evaluations) > self.most:
            raise Unanswerable(
                f"evaluations: at most {self.most} in one question, not {len(message.evaluations)}"
            )
        ends_at = _SHORT.get(message.options.evaluations_semantic)
        found: list[dict[str, Any]] = []
        for number, each in enumerate(each_evaluation(message, request.data)):
            if number and number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            found.append(await self._one_of_several(request, each))
            if found[-1]["decision"] is ends_at:
                break
        return {"evaluations": found}

    async def _one_of_several(self, request: AuthzenRequest, data: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return await self._one(request, data)
        except Unanswerable as error:
            return unanswerable_response(error)

    async def _one(self, request: AuthzenRequest, data: Mapping[str, Any]) -> dict[str, Any]:
        message = parse_message(Evaluation, data)
        hypothetical, find = self._hypothetical(request, message)
        exchange = await self.evaluator(hypothetical, find)
        self.count(request.program.name, "allow" if permitted(exchange) else "deny")
        if isinstance(exchange.error, Unanswerable):
            raise exchange.error
        return self.responses.decision(exchange)

    def _hypothetical(
        self, request: AuthzenRequest, message: Evaluation
    ) -> tuple[HypotheticalRequest, Callable[[], Awaitable[Caller]]]:
        address, moment = address_and_moment(message.context)
        counts = message.context.get("counts", False)
        if counts is not False:
            if counts is not True:
                raise Unanswerable("context.counts: write true or false")
            request.program.require("count")
        language = message.context.get("language", request.languages)
        hypothetical = HypotheticalRequest(
            request.program.name,
            request.id,
            self.mapping.target(message.action, message.resource),
            address,
            moment,
            language if isinstance(language, str) and language.isascii() else "",
            About(message.subject.type, message.action.name, message.resource.type),
            counts,
        )
        return hypothetical, lambda: self.subjects.of(request.program, message.subject)
