"""Stage 1: the raw request becomes the one canonical request that rules judge and the register receives."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.edge.admit import Admission
from gateway.edge.refusals import ADMITTED
from gateway.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Admit:
    """Refuses a request with more than one meaning. Raises BadRequest, MethodNotAllowed, ContentTooLarge,
    UpgradeRequired or WebSocketRefused.
    """

    admission: Admission

    def __call__(self, exchange: Exchange) -> None:
        """Fill in `request`."""
        exchange.request = request = self.admission.admit(exchange.scope)
        exchange.scope[ADMITTED] = request.id
        if request.websocket is not None:
            self.admission.check_origin(request)
