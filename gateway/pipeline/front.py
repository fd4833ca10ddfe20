"""What a front is answered: the stages of a request with another end, as the front carries the request itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from gateway.edge.fronts import PERMISSION, Front, verdict_id
from gateway.endpoints.kept_request import is_marked_address
from gateway.endpoints.return_path import safe_target
from gateway.errors import BadRequest, GatewayError, NotFound
from gateway.exchange import Exchange
from gateway.http_semantics import HOP_BY_HOP
from gateway.pipeline.admit import remember_admission
from gateway.pipeline.permission_cache import PermissionCache
from gateway.pipeline.pipeline import Pipeline
from gateway.pipeline.prompt import ClientCycle
from gateway.pipeline.refuse import Refuse
from gateway.pipeline.route import Route
from gateway.pipeline.verdict import Permission, Verdict
from gateway.responses import Message, Receive, Response, Scope, Send

_RETRY = ((b"retry-after", b"1"),)


@dataclass(frozen=True, slots=True)
class VerdictRoute(Route):
    """A front has nothing to do with own endpoints and kept forms: they go to the public listener or the page."""

    def goes_on(self, exchange: Exchange) -> bool:
        """Whether the rules decide."""
        return not self.endpoints.serves(exchange) and not is_marked_address(exchange.admitted)

    async def __call__(self, exchange: Exchange) -> bool:
        """Always False: the rules decide, or an error is raised."""
        if self.endpoints.serves(exchange):
            raise NotFound("the front must send own paths to the public listener")
        if is_marked_address(exchange.admitted):
            raise BadRequest("the front must send kept forms to the public listener", code="kept-form")
        return False


@dataclass(frozen=True, slots=True)
class BriefRoute(VerdictRoute):
    """The same for a front that asks for a page: there it is known whether this is a kept form, and recorded."""

    async def __call__(self, exchange: Exchange) -> bool:
        exchange.recorded = is_marked_address(exchange.admitted)
        return await VerdictRoute.__call__(self, exchange)


@dataclass(frozen=True, slots=True)
class PageRoute(VerdictRoute):
    """At the page, a form that was kept is sent."""

    async def __call__(self, exchange: Exchange) -> bool:
        if exchange.first_id:
            exchange.request = exchange.admitted._replace(id=exchange.first_id)
        if not is_marked_address(exchange.admitted):
            return await VerdictRoute.__call__(self, exchange)
        exchange.recorded = False
        return await Route.__call__(self, exchange)


@dataclass(frozen=True, slots=True)
class RefuseBriefly(Refuse):
    """Says only that the request is refused, and begins no login: what the client reads is made for the page."""

    async def response(self, exchange: Exchange, error: GatewayError) -> Response:
        """The status of the error."""
        return Response(status=error.status)


class FrontApp:
    """Answers one front. `pipeline` is the one of the public listener; `started` counts requests that get a record.

    `timed` gives the stages that are gone through, where they are others than those of this front.
    """

    def __init__(
        self,
        front: Front,
        pipeline: Pipeline,
        verdict: Verdict,
        *,
        started: Callable[[], None],
        timed: Callable[[Pipeline], Pipeline] = lambda stages: stages,
    ) -> None:
        route, refuse = pipeline.route, pipeline.refuse
        parts = (route.endpoints, route.forms, route.admission)
        if front.brief:
            brief = RefuseBriefly(
                refuse.responses, refuse.login, refuse.forms, refuse.cors, refuse.again, refuse.step_up
            )
            own = replace(pipeline, route=BriefRoute(*parts), refuse=brief)
        else:
            # The subrequest has no body: there is nothing to keep.
            forms = refuse.forms.keeping_nothing()
            own = replace(pipeline, route=VerdictRoute(*parts), refuse=replace(refuse, forms=forms))
        self._pipeline = timed(own)
        self._page = timed(replace(pipeline, route=PageRoute(*parts)))
        self._permissions = PermissionCache(own)
        self._front = front
        self._verdict = verdict
        self._started = started

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application of the front's listener."""
        if scope["type"] != "http":
            return
        kind = self._front.kind(scope["path"])
        if not self._front.believes(scope):
            await Response(b"not one of the peers of this front\n", status=403)(scope, receive, send)
        elif kind is None:
            await Response(b"nothing is asked here: see docs/fronts.md\n", status=404)(scope, receive, send)
        elif kind == "verdict":
            await self._judge(scope, receive, send)
        else:
            await self._show(scope, receive, send)

    def prompt(self, scope: Scope, cycle: ClientCycle) -> bool:
        """A permission that needs no waiting, in plain calls; False where the subrequest must go the general way."""
        front, pipeline = self._front, self._pipeline
        if scope["method"] == "OPTIONS" or front.kind(scope["path"]) != "verdict":
            return False
        if not front.believes(scope):
            return False
        exchange = Exchange(scope, cycle.receive, cycle.send, pipeline.clock())
        try:
            exchange.scope = front.asked(scope, "verdict")
            lines = self._verdict.permission(exchange).lines if self._permissions.allow(exchange) else None
        except Exception:  # noqa: BLE001 - the general way meets it again, and answers
            lines = None
        if lines is None:
            remember_admission(exchange, scope)
            return False
        self._started()
        status = front.settings.allow_status
        cycle.answer(status, exchange.head(status, lines), b"")
        pipeline.record(exchange)
        return True

    async def _judge(self, scope: Scope, receive: Receive, send: Send) -> None:
        pipeline = self._pipeline
        exchange = Exchange(scope, receive, send, pipeline.clock())
        exchange.client_send = self._refusing(exchange, send)
        async with self._counted(exchange), pipeline.ending(exchange):
            exchange.scope = self._front.asked(scope, "verdict")
            if await pipeline.may_go_on(exchange):
                permission = self._verdict.permission(exchange)
                exchange.client_send = send
                await _answer(exchange, self._front.settings.allow_status, permission, scope)

    async def _show(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page of a request that was refused, by the id of its record, which was made then."""
        pipeline = self._page
        first_id = verdict_id(scope)
        exchange = Exchange(scope, receive, send, pipeline.clock(), recorded=True, first_id=first_id)
        async with self._counted(exchange), pipeline.ending(exchange):
            exchange.scope = self._front.asked(scope, "page")
            if not await pipeline.may_go_on(exchange):
                return
            if not exchange.recorded:
                await pipeline.send_on(exchange)
                return
            self._verdict.permission(exchange)
            # It is allowed in the meantime: the front must ask again.
            again = Response(status=503, lines=_RETRY)
            if exchange.admitted.method in ("GET", "HEAD"):
                location = safe_target(exchange.admitted.target.decode("latin-1"))
                again = Response(status=303, lines=((b"location", location.encode("ascii")),))
            await again(exchange.scope, receive, exchange.send)

    @asynccontextmanager
    async def _counted(self, exchange: Exchange) -> AsyncIterator[None]:
        """At the end it is known whether the exchange has a record, in which it was counted as finished."""
        try:
            yield
        finally:
            if not exchange.recorded:
                self._started()

    def _refusing(self, exchange: Exchange, send: Send) -> Send:
        """A `send` for answers other than a permission: their status is one that the front takes for a refusal, and they
        say nothing about the connection."""
        front = self._front

        async def refusing(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                if (front.brief and status < 500 and status != 401) or front.allows(status):
                    status = 403
                exchange.status = status
                # Envoy waits for what follows an Upgrade, and lets the subrequest time out.
                lines = [line for line in message.get("headers", ()) if line[0] not in HOP_BY_HOP]
                message = {**message, "status": status, "headers": lines}
            await send(message)

        return refusing


async def _answer(exchange: Exchange, status: int, permission: Permission, scope: Scope) -> None:
    start: Message = {"type": "http.response.start", "status": status, "headers": permission.lines}
    if PERMISSION in scope.get("extensions", {}):
        start["headers"] = [*permission.register, *permission.front]
        start[PERMISSION] = permission.client
    await exchange.send(start)
    await exchange.send({"type": "http.response.body", "body": b""})
