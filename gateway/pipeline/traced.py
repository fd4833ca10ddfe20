"""Tracing: some requests go through stages that are timed. Without `observe.tracing` nothing of this is made."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from inspect import isawaitable
from random import Random
from secrets import token_bytes
from typing import Any, Final, cast

from gateway import __version__
from gateway.edge.client import ClientAddress, Network
from gateway.edge.headers import ForwardedHeaders
from gateway.errors import GatewayError
from gateway.exchange import Exchange
from gateway.http_semantics import METHODS, HeaderLine
from gateway.model import CanonicalRequest
from gateway.observe.settings import TracingSettings
from gateway.observe.span_sender import Left, SpanSender
from gateway.observe.trace import CallSpans, Span, Trace, Traced, new_span_id, new_trace_id
from gateway.observe.traceparent import TRACEPARENT, TRACESTATE, TraceParent, read_parent, trace_id_of
from gateway.outgoing.egress import Egress
from gateway.pipeline.pipeline import Pipeline
from gateway.pipeline.prompt import ClientCycle
from gateway.responses import Application, Receive, Scope, Send

_KEY: Final = "toegangspoort.trace"
_UNDECIDED: Final = object()


class Tracing:
    """Decides which requests are traced, and sends what was noted. `trusted` are the proxies whose traces go on here."""

    def __init__(
        self,
        settings: TracingSettings,
        environment: str,
        trusted: tuple[Network, ...],
        egress: Egress,
        on_left: Left,
    ) -> None:
        self.current: ContextVar[Trace | None] = ContextVar("trace", default=None)
        self.calls = CallSpans(self.current)
        self.proxies = ClientAddress(trusted)
        self._trusts_some = bool(trusted)
        self._sample = settings.sample
        # Which requests are traced needs no secret.
        self._random = Random(token_bytes(32))  # noqa: S311
        resource = {
            "service.name": "toegangspoort",
            "service.version": __version__,
            "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
            "deployment.environment.name": environment,
        }
        self.sender = SpanSender(settings, resource, egress, on_left)

    def trace_of(self, scope: Scope) -> Trace | None:
        """The trace of a request; None where it is not traced. Decided once for each request."""
        trace = scope.get(_KEY, _UNDECIDED)
        if trace is _UNDECIDED:
            scope[_KEY] = trace = self._begin(scope)
        return cast("Trace | None", trace)

    def _begin(self, scope: Scope) -> Trace | None:
        parent = None
        if self._trusts_some:
            client = scope.get("client")
            parent = self.parent(client[0] if client else "", scope["headers"])
        if (parent is not None and parent.sampled) or self._random.random() < self._sample:
            return Trace(parent)
        return None

    def parent(self, peer: str, headers: Any) -> TraceParent | None:
        """The span that caused a request, where a trusted proxy says it."""
        found = read_parent(headers)
        return found if found is not None and self.proxies.trusts(peer) else None

    def app(
        self, plain: Application, timed: Application, answers: Callable[[Scope, ClientCycle], bool]
    ) -> TracedApp:
        """An application of which some requests are traced: see TracedApp."""
        return TracedApp(self, plain, timed, answers)

    def finish(self, trace: Trace) -> None:
        """The request has ended: its spans go to the collector."""
        trace.finish()
        self.sender.put([Traced(trace.trace_id, trace.state, span) for span in trace.spans])


class TracedHeaders(ForwardedHeaders):
    """The headers of the proxy, with the trace that the upstream goes on with: of the client's own nothing is left."""

    def __init__(self, tracing: Tracing, **settings: Any) -> None:
        super().__init__(**settings)
        self._tracing = tracing

    def passed(self, headers: Any, method: str = "GET") -> list[HeaderLine]:
        """Of the headers of a request those that go on."""
        found = super().passed(headers, method)
        return [line for line in found if line[0] not in (TRACEPARENT, TRACESTATE)]

    def own(self, request: CanonicalRequest, peer: str) -> bytes:
        """The header lines of the proxy itself."""
        return super().own(request, peer) + self._parent(request, peer).lines()

    def _parent(self, request: CanonicalRequest, peer: str) -> TraceParent:
        trace = self._tracing.current.get()
        if trace is not None:
            return trace.for_upstream(request.id)
        parent = self._tracing.parent(peer, request.headers)
        if parent is not None:
            return parent
        return TraceParent(trace_id_of(request.id) or new_trace_id(), new_span_id(), False)


@dataclass(frozen=True, slots=True)
class TracedApp:
    """An application that answers requests by itself (`prompt`), or the ASGI way: those that are traced by stages that
    are timed."""

    tracing: Tracing
    plain: Application
    timed: Application
    answers: Callable[[Scope, ClientCycle], bool]

    def prompt(self, scope: Scope, cycle: ClientCycle) -> bool:
        """As Prompt; False for a request that is traced."""
        return self.tracing.trace_of(scope) is None and self.answers(scope, cycle)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        trace = self.tracing.trace_of(scope) if scope["type"] == "http" else None
        if trace is None:
            await self.plain(scope, receive, send)
            return
        token = self.tracing.current.set(trace)
        try:
            await self.timed(scope, receive, send)
        finally:
            self.tracing.current.reset(token)
            self.tracing.finish(trace)


class _Timed:
    """A stage that notes in the trace how long it took, and with which error it ended."""

    def __init__(self, name: str, stage: Any, tracing: Tracing) -> None:
        self._name = name
        self._stage = stage
        self._current = tracing.current

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stage, name)

    def __call__(self, exchange: Exchange, *others: Any) -> Any:
        trace = self._current.get()
        if trace is None:
            return self._stage(exchange, *others)
        spans = self._begin(trace, exchange)
        try:
            found = self._stage(exchange, *others)
        except BaseException as problem:
            self._end(trace, spans, exchange, problem)
            raise
        if isawaitable(found):
            return self._awaited(found, trace, spans, exchange)
        self._end(trace, spans, exchange, None)
        return found

    async def _awaited(self, found: Any, trace: Trace, spans: list[Span], exchange: Exchange) -> Any:
        try:
            result = await found
        except BaseException as problem:
            self._end(trace, spans, exchange, problem)
            raise
        self._end(trace, spans, exchange, None)
        return result

    def _begin(self, trace: Trace, _exchange: Exchange) -> list[Span]:
        return [trace.begin(self._name)]

    def _end(
        self, trace: Trace, spans: list[Span], exchange: Exchange, problem: BaseException | None
    ) -> None:
        error = "" if problem is None else _code(problem)
        for span in spans:
            trace.end(span, error)


class _Carried(_Timed):
    """The stage that carries the request to the upstream; what the upstream does is a span of its own, its parent there."""

    def _begin(self, trace: Trace, exchange: Exchange) -> list[Span]:
        upstream = exchange.handling.upstream
        stage = trace.begin(self._name)
        call = trace.begin(f"upstream {upstream}", "client", trace.upstream_id)
        call.attributes["toegangspoort.upstream"] = upstream
        return [call, stage]

    def _end(
        self, trace: Trace, spans: list[Span], exchange: Exchange, problem: BaseException | None
    ) -> None:
        if exchange.status:
            spans[0].attributes["http.response.status_code"] = exchange.status
        super()._end(trace, spans, exchange, problem)


class _Recorded(_Timed):
    """The last stage: what became of the request is known."""

    def _end(
        self, trace: Trace, spans: list[Span], exchange: Exchange, problem: BaseException | None
    ) -> None:
        super()._end(trace, spans, exchange, problem)
        trace.identify(exchange.id)
        _describe(trace.root, exchange)


def timed(pipeline: Pipeline, tracing: Tracing) -> Pipeline:
    """The same stages, each of them timed."""

    def stage(name: str, found: Any, kind: type[_Timed] = _Timed) -> Any:
        return kind(name, found, tracing)

    judge, record = pipeline.judge, stage("record", pipeline.record, _Recorded)
    return replace(
        pipeline,
        admit=stage("admit", pipeline.admit),
        route=stage("route", pipeline.route),
        judge=replace(
            judge,
            authenticate=stage("authenticate", judge.authenticate),
            authorize=stage("authorize", judge.authorize),
        ),
        attach=stage("attach", pipeline.attach),
        forward=stage("forward", pipeline.forward, _Carried),
        websocket=stage("websocket", replace(pipeline.websocket, record=record), _Carried),
        refuse=stage("refuse", pipeline.refuse),
        record=record,
    )


def _code(problem: BaseException) -> str:
    return problem.code if isinstance(problem, GatewayError) else type(problem).__name__


def _describe(root: Span, exchange: Exchange) -> None:
    """What the trace says of the request: neither its path nor who sent it."""
    method = exchange.scope.get("method", "")
    method = method if method in METHODS else "_OTHER"
    decision = exchange.judgement.decision if exchange.judgement is not None else None
    said: dict[str, str | int | None] = {
        "http.request.method": method,
        "http.response.status_code": exchange.status or None,
        "toegangspoort.request_id": exchange.id,
        "toegangspoort.rule": decision.rule if decision is not None else None,
        "toegangspoort.decision": decision.outcome if decision is not None else None,
        "toegangspoort.endpoint": exchange.endpoint if exchange.status not in (0, 404) else None,
    }
    root.attributes.update({name: value for name, value in said.items() if value is not None})
    root.name = " ".join(filter(None, (method, decision.rule if decision is not None else None)))
    if exchange.error is not None:
        root.attributes["toegangspoort.error"] = exchange.error.code
        # Of a server, only its own failures are errors (semantic conventions for HTTP).
        root.error = exchange.error.code if exchange.status >= 500 else ""
