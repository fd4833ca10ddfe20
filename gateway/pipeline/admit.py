"""Stage 1: the raw request becomes the one canonical request that rules judge and the register receives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.edge.admit import Admission
from gateway.edge.refusals import ADMITTED
from gateway.exchange import Exchange
from gateway.responses import Scope

# Where a scope has its request, once that has been read.
_READ: Final = "toegangspoort.read"


@dataclass(frozen=True, slots=True)
class Admit:
    """Refuses a request with more than one meaning. Raises BadRequest, MethodNotAllowed, ContentTooLarge,
    UpgradeRequired or WebSocketRefused.
    """

    admission: Admission

    def __call__(self, exchange: Exchange) -> None:
        """Fill in `request`: the request that was remembered for this scope, once, or else what admission makes of it."""
        request = exchange.scope.pop(_READ, None)
        if request is None:
            request = self.admission.admit(exchange.scope)
        exchange.request = request
        exchange.scope[ADMITTED] = request.id
        if request.websocket is not None:
            self.admission.check_origin(request)


def remember_admission(exchange: Exchange, scope: Scope) -> None:
    """Let whoever takes up this scope, or a copy, next have the request as it was admitted: reading it may take long."""
    if exchange.request is not None:
        scope[_READ] = exchange.request
