"""Answers an allowed request with a redirect instead of sending it to the register."""

from __future__ import annotations

from gateway.exchange import Exchange
from gateway.pipeline.cross_origin import cors_lines
from gateway.responses import Response
from gateway.responses import redirect as redirect_to


async def redirect(exchange: Exchange) -> bool:
    """Answer with a redirect where there is one; False where the request goes on to the register.

    It leads where the rule says, or to the call whose refusal the request asked about, if that is allowed by now.
    """
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
        lines += cors_lines(cors, exchange.admitted)
    response = Response(status=found.status, lines=lines)
    await response(exchange.scope, exchange.receive, exchange.send)
    return True
