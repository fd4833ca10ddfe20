"""Cross-origin calls (CORS, Fetch standard): answers preflights, and lets scripts of allowed origins read answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.exchange import Exchange
from gateway.handling import Cors
from gateway.http_semantics import HeaderLine
from gateway.model import CanonicalRequest
from gateway.policy.evaluate import matching_rule
from gateway.policy.ruleset import RuleSet
from gateway.responses import Response

_VARY = (b"vary", b"origin")
_ENDPOINT = "preflight"


@dataclass(frozen=True, slots=True)
class CrossOrigin:
    """Does nothing where no rule has `cors`. `rules` gives the rule set in force."""

    rules: Callable[[], RuleSet]

    async def preflight(self, exchange: Exchange) -> bool:
        """Whether this was a preflight, which is answered: the rule that decides the request to come has `cors`."""
        request = exchange.admitted
        if request.method != "OPTIONS" or not self.rules().cors:
            return False
        method = request.header(b"access-control-request-method")
        if method is None or request.header(b"origin") is None:
            return False
        cors = self._cors(request, method.decode("latin-1"))
        if cors is None:
            return False
        exchange.endpoint = _ENDPOINT
        response = Response(status=204, lines=_permission(cors, request, method))
        await response(exchange.scope, exchange.receive, exchange.send)
        return True

    def fields(self, request: CanonicalRequest) -> list[HeaderLine]:
        """The header fields of an answer to this request, other than a preflight."""
        if not self.rules().cors:
            return []
        cors = self._cors(request, request.method)
        return cors_lines(cors, request) if cors is not None else []

    def _cors(self, request: CanonicalRequest, method: str) -> Cors | None:
        rule = matching_rule(self.rules(), method, request.host, request.segments)
        return rule.handling.cors if rule is not None else None


def cors_lines(cors: Cors, request: CanonicalRequest) -> list[HeaderLine]:
    """The header fields that let a script of an allowed origin read the answer."""
    found = _origin(cors, request)
    if len(found) > 1 and cors.expose:
        found.append((b"access-control-expose-headers", ", ".join(cors.expose).encode("ascii")))
    return found


def _permission(cors: Cors, request: CanonicalRequest, method: bytes) -> list[HeaderLine]:
    found = _origin(cors, request)
    if len(found) > 1:
        # Only the method that was asked about: other methods may be decided by other rules.
        found.append((b"access-control-allow-methods", method))
        if cors.headers:
            found.append((b"access-control-allow-headers", ", ".join(cors.headers).encode("ascii")))
        found.append((b"access-control-max-age", b"%d" % cors.max_age))
    return found


def _origin(cors: Cors, request: CanonicalRequest) -> list[HeaderLine]:
    origin = request.header(b"origin")
    if origin is None or not cors.allows(origin.decode("latin-1")):
        return [_VARY]
    found = [_VARY, (b"access-control-allow-origin", b"*" if cors.origins is None else origin)]
    if cors.credentials:
        found.append((b"access-control-allow-credentials", b"true"))
    return found
