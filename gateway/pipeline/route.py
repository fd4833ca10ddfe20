"""Stage 2: an own endpoint answers, or the request goes on to the rules."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.edge.admit import Admission
from gateway.endpoints.kept_forms import PATH, KeptForms
from gateway.endpoints.return_path import safe_target
from gateway.endpoints.table import OwnEndpoints
from gateway.errors import BadRequest, NotFound, WebSocketRefused
from gateway.exchange import NOBODY, Exchange
from gateway.pages.jsf import REFUSED, refused_call


@dataclass(frozen=True, slots=True)
class Route:
    """Lets own endpoints answer; everything else goes on to the rules."""

    endpoints: OwnEndpoints
    forms: KeptForms
    admission: Admission

    def goes_on(self, exchange: Exchange) -> bool:
        """Whether the request is for the register as it is: neither an own path nor a confirmation."""
        return not self.endpoints.serves(exchange) and not self.forms.is_confirmation(exchange.admitted)

    async def __call__(self, exchange: Exchange) -> bool:
        """Whether an own endpoint answered. The confirmation of a kept form becomes the request that was kept, and the
        question why a call was refused becomes that call."""
        if self.forms.is_confirmation(exchange.admitted):
            if exchange.admitted.viewer == "ahead":
                raise BadRequest("a prefetch cannot send a kept form", code="prefetch")
            await self._take_kept_form(exchange)
            return False
        if exchange.admitted.path == REFUSED:
            self._ask_again(exchange)
        elif self.endpoints.serves(exchange):
            if exchange.admitted.websocket is not None:
                raise WebSocketRefused("an own path", reason="own-path")
            await self.endpoints.respond(exchange)
            return True
        return False

    def _ask_again(self, exchange: Exchange) -> None:
        """The call that was refused is judged again, so that a page says why; the register does not get it."""
        request = exchange.admitted
        exchange.endpoint = REFUSED
        call = refused_call(request.raw_query)
        if call is None or request.method != "GET":
            raise NotFound("no call that was refused")
        method, target = call
        asked = self.admission.admit({**exchange.scope, "method": method, "raw_target": target})
        exchange.request = asked._replace(id=exchange.id, websocket=None)
        if self.endpoints.serves(exchange):
            exchange.request = request
            raise NotFound("an own path is not judged")
        exchange.onward = safe_target(target.decode("latin-1"))

    async def _take_kept_form(self, exchange: Exchange) -> None:
        # Until the form is taken, what goes wrong is the endpoint's; from then on it is the kept request's.
        exchange.endpoint = PATH
        taken = await self.forms.take(exchange)
        if taken is not None:
            exchange.scope, exchange.receive = taken
            exchange.request = self.admission.admit(exchange.scope)._replace(id=exchange.id)
        exchange.endpoint, exchange.caller = None, NOBODY
