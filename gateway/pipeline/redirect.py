"""Answers with the redirect that a rule has as its outcome."""

from __future__ import annotations

from gateway.exchange import Exchange
from gateway.pipeline.cross_origin import answer_fields
from gateway.responses import Response


async def redirect(exchange: Exchange) -> bool:
    """Whether the rule that decided redirects; the client is answered then."""
    decision = exchange.judgement.decision if exchange.judgement is not None else None
    found = decision.redirect if decision is not None else None
    if found is None:
        return False
    lines = [(b"location", found.location.encode("ascii"))]
    cors = exchange.handling.cors
    if cors is not None:
        lines += answer_fields(cors, exchange.admitted)
    response = Response(status=found.status, lines=lines)
    await response(exchange.scope, exchange.receive, exchange.send)
    return True
