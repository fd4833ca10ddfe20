"""The last stage of every request: its metrics and its decision record."""

from __future__ import annotations

import time
from dataclasses import dataclass

from gateway.edge.refusals import REFUSED
from gateway.edge.viewer import viewer_of_lines
from gateway.errors import (
    BearerRefused,
    Blocked,
    FactsUnavailable,
    GatewayError,
    ProviderUnavailable,
    StoreUnavailable,
    UnderMaintenance,
)
from gateway.events import ClientRefused
from gateway.exchange import Exchange, Judgement
from gateway.model import Decision
from gateway.observe.asked_by import AskedBy
from gateway.observe.decision_record import RecordEntry
from gateway.observe.metrics import Metrics
from gateway.observe.record_writer import DecisionRecords
from gateway.observe.refusal import Refusal, raw_request_of_scope
from gateway.pages.wire import wire_error
from gateway.policy.candidate import Candidate

# The status of a request that was not answered: the client left, or the gateway stopped.
_CLIENT_GONE = 499
_NOT_JUDGED = Judgement("")
# The details of others may quote what was asked.
_EXPLAINED = (BearerRefused, ProviderUnavailable, StoreUnavailable, FactsUnavailable)


@dataclass(frozen=True, slots=True)
class Record:
    """Counts and writes down; the candidate rules are asked here, after the response."""

    metrics: Metrics
    candidate: Candidate
    records: DecisionRecords

    def __call__(self, exchange: Exchange) -> None:
        """Remember what became of this request."""
        seconds = time.perf_counter() - exchange.started
        if not exchange.status and REFUSED in exchange.scope:
            _note_refusal(exchange, exchange.scope[REFUSED])
        status = exchange.status or _CLIENT_GONE
        judgement = exchange.judgement or _NOT_JUDGED
        decision = judgement.decision
        error = exchange.error
        planned = isinstance(error, UnderMaintenance)
        self.metrics.finished(exchange.scope.get("method", ""), status, seconds, planned=planned)
        differs = None
        if decision is not None and judgement.decision_input is not None:
            self.metrics.decided(decision.rule, decision.outcome)
            # What was decided about the same request before is judged again for this moment.
            asked = judgement.decision_input._replace(now=exchange.now) if self.candidate.rules else None
            differs = self.candidate.judge(asked, decision) if asked is not None else None
        candidate = self.candidate.rules if differs is not None else None
        entry = entry_of(
            exchange, status, seconds, differs, candidate.hash if candidate is not None else None
        )
        if decision is None and error is not None and exchange.caller.identity is None:
            self.records.write_refused(entry)
        else:
            self.records.write(entry)


def _note_refusal(exchange: Exchange, refused: ClientRefused) -> None:
    """What the listener answered, as the body did not come as it should."""
    kind = wire_error(refused.status)
    exchange.status, exchange.shown, exchange.language = refused.status, "listener", refused.language
    exchange.error = kind("", reason=refused.reason) if kind is not None else None


def entry_of(
    exchange: Exchange,
    status: int,
    seconds: float,
    shadow: Decision | None = None,
    shadow_rules: str | None = None,
    asked_by: AskedBy | None = None,
) -> RecordEntry:
    """What became of this request, for its record. `asked_by`: nobody sent it, a program asked about it."""
    judgement, error = exchange.judgement or _NOT_JUDGED, exchange.error
    request, caller = exchange.request, exchange.caller
    return RecordEntry(
        request_id=exchange.id,
        now=exchange.now,
        status=status,
        seconds=seconds,
        client=request.client if request is not None else exchange.peer,
        request=request,
        decision=judgement.decision,
        identity=caller.identity,
        session=caller.session_id,
        rules=judgement.rules or None,
        endpoint=exchange.endpoint,
        error=_error_code(exchange),
        facts=judgement.facts.facts,
        shadow=shadow,
        shadow_rules=shadow_rules,
        cut=exchange.cut,
        block=error.facts.get("block") if isinstance(error, Blocked) and exchange.cut is None else None,
        maintenance=error.facts["maintenance"]
        if isinstance(error, UnderMaintenance) and exchange.cut is None
        else None,
        refusal=_refusal(exchange, error) if error is not None else None,
        asked_by=asked_by,
    )


def _refusal(exchange: Exchange, error: GatewayError) -> Refusal:
    """What became of a request that ended with this error."""
    request, decided = exchange.request, exchange.judgement is not None
    reason = error.facts.get("reason")
    return Refusal(
        reason=reason if isinstance(reason, str) else error.code,
        raw_request=raw_request_of_scope(exchange.scope) if request is None else None,
        shown=exchange.shown,
        language=exchange.language,
        viewer=request.viewer if request is not None else viewer_of_lines(exchange.scope.get("headers", ())),
        facts=error.facts,
        detail=error.detail if not decided and isinstance(error, _EXPLAINED) else "",
        forwarded=exchange.delivered,
    )


def _error_code(exchange: Exchange) -> str | None:
    if exchange.error is not None:
        return exchange.error.code
    if exchange.cut is not None:
        return "stream-cut"
    return "answer-cut" if exchange.broken_off else None
