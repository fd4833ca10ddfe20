"""Answers a request that is allowed, but not for the register, with a redirect."""

from __future__ import annotations

from gateway.exchange import Exchange
from gateway.pipeline.cross_origin import answer_fields
from gateway.responses import Response
from gateway.responses import redirect as redirect_to


async def redirect(exchange: Exchange) -> bool:
    """Whether the rule that decided redirects, or the request only asked what it says; the client is answered then."""
    if exchange.onward is not None:
        response = redirect_to(exchange.onward)
        await response(exchange.scope, exchange.receive, exchange.send)
        return True
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
