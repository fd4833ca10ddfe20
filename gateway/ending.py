"""How a request ends: an error told to whoever asked, and one record of what became of it.

It decides nothing about access; it joins pages, records and metrics, which know nothing of one another.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from gateway.edge.forms import is_form
from gateway.endpoints.login import LoginEndpoints
from gateway.endpoints.resume import Resume
from gateway.endpoints.return_path import safe_target
from gateway.errors import (
    ContentTooLarge,
    Forbidden,
    GatewayError,
    LoginFailed,
    LoginRequired,
    ProviderUnavailable,
    RequestTimeout,
    StoreUnavailable,
)
from gateway.observe.decision_record import AuditEntry
from gateway.observe.metrics import Metrics
from gateway.observe.record_writer import DecisionRecords
from gateway.pages.error_response import ErrorResponses
from gateway.pages.render import Answer
from gateway.policy.step_up import methods_that_help
from gateway.reload.shadow import Shadow
from gateway.trail import Receive, Send, Trail, send_answer
from gateway.upstream.forward import AnswerCut

log = structlog.get_logger()


class Ending:
    """The last step of every request of one environment. `records` gives the open records, None before the start."""

    def __init__(
        self,
        *,
        answers: ErrorResponses,
        login: LoginEndpoints,
        resume: Resume,
        metrics: Metrics,
        records: Callable[[], DecisionRecords | None],
        shadow: Shadow,
    ) -> None:
        self._answers = answers
        self._login = login
        self._resume = resume
        self._metrics = metrics
        self._records = records
        self._shadow = shadow

    async def refuse(self, trail: Trail, error: GatewayError, receive: Receive, send: Send) -> None:
        """Tell an error, or send a navigation to the login that helps. Raises AnswerCut in mid-answer."""
        trail.error = error
        if trail.exchange.started:
            raise AnswerCut(error.detail) from error
        request = trail.request
        try:
            onward = await self._to_login(trail, error, receive)
        except (LoginFailed, ProviderUnavailable, StoreUnavailable, RequestTimeout) as trouble:
            onward = None
            if isinstance(error, LoginRequired):
                trail.error = error = trouble
        if onward is not None:
            await send_answer(trail, onward, send)
            return
        if error.status >= 500:
            log.error("request refused", code=error.code, detail=error.detail, request_id=trail.request_id)
            if error.code.startswith("upstream-"):
                self._metrics.upstream_error(error.code)
        answer = self._answers.error(
            error,
            request_id=trail.request_id,
            request=request,
            identity=trail.identity,
            method=trail.scope.get("method"),
            raw_headers=trail.scope.get("headers", ()),
        )
        if isinstance(error, (ContentTooLarge, RequestTimeout)) or trail.cut is not None:
            # The rest of the body is not waited for.
            answer = replace(answer, headers=(*answer.headers, (b"connection", b"close")))
        await send_answer(trail, answer, send)

    async def _to_login(self, trail: Trail, error: GatewayError, receive: Receive) -> Answer | None:
        """The way to the login for a navigation of nobody, or of somebody for whom a stronger login is enough.

        A form that met an ended session is kept, and the login leads to a page that asks whether to send it.
        None for all others: they are told. So is somebody whose latest login was no use a moment ago, or who
        logged in strongly enough and is refused all the same.
        """
        request, session = trail.request, trail.session
        if request is None:
            return None
        kept = await self._resume.keep(trail, receive) if isinstance(error, LoginRequired) else None
        back = kept[0] if kept is not None else self._resume.back(request)
        if not request.navigation and (back is None or not is_form(request)):
            return None
        if isinstance(error, LoginRequired):
            means = error.facts.get("acr_values", ())
        elif isinstance(error, Forbidden) and session is not None:
            means = methods_that_help(error.decision.alternatives)
            if not means or session.identity.acr in means or self._login.just_failed(request):
                return None
        else:
            return None
        target = back or safe_target(request.target.decode("latin-1"))
        answer = await self._login.begin(request, target, acr_values=means)
        if kept is not None:
            answer = replace(answer, headers=(*answer.headers, (b"set-cookie", kept[1].encode("ascii"))))
        return answer

    def record(self, trail: Trail) -> None:
        """Count the request and write its decision record."""
        seconds = time.perf_counter() - trail.started
        status = trail.exchange.status or 499
        request, decision = trail.request, trail.decision
        self._metrics.finished(trail.scope.get("method", ""), status, seconds)
        if decision is not None:
            verdict = "allow" if decision.allowed else "error" if decision.error else "deny"
            self._metrics.decided(decision.rule, verdict)
        shadow = self._shadow
        differs = shadow.judge(trail.given, decision) if decision is not None and trail.given else None
        records = self._records()
        if records is None:
            return
        records.write(
            AuditEntry(
                request_id=trail.request_id,
                now=trail.now,
                status=status,
                seconds=seconds,
                client=request.client if request is not None else trail.peer,
                request=request,
                decision=decision,
                identity=trail.identity,
                session=trail.session.id if trail.session else None,
                rules=trail.rules,
                endpoint=trail.endpoint,
                error=_code(trail),
                facts=trail.gathered.facts,
                shadow=differs,
                shadow_rules=shadow.rules.hash if differs is not None and shadow.rules else None,
                cut=trail.cut,
                block=trail.block,
            )
        )


def _code(trail: Trail) -> str | None:
    if trail.error is not None:
        return trail.error.code
    if trail.cut is not None:
        return "stream-cut"
    return "answer-cut" if trail.broken_off else None
