"""What the records of events say, and of requests that the listener refused by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.events import (
    BlocksChanged,
    CandidateChanged,
    ClientRefused,
    EmergencyClosed,
    EmergencyOpened,
    Event,
    KeyChanged,
    MaintenanceChanged,
    RulesChanged,
    RulesRefused,
    WebSocketEnded,
)
from gateway.observe.decision_record import RecordEntry
from gateway.observe.refusal import Refusal, raw_request_of_head, raw_request_of_scope


def fields_of(event: Event) -> Mapping[str, Any] | None:
    """What the record of an event says; None for an event that is not recorded."""
    match event:
        case WebSocketEnded(request_id, session, seconds, cut):
            ended = {"kind": "websocket", "request_id": request_id, "ms": round(seconds * 1000, 3)}
            return {**ended, **({"session": session} if session else {}), **({"cut": cut} if cut else {})}
        case RulesChanged(before, rules):
            return {"kind": "reload", "result": "ok", "before": before, "rules": rules}
        case RulesRefused(rules, problems):
            return {"kind": "reload", "result": "refused", "rules": rules, "problems": problems}
        case CandidateChanged(rules):
            return {"kind": "shadow", "rules": rules}
        case BlocksChanged(blocks):
            return {"kind": "blocks", "blocks": blocks}
        case EmergencyOpened(rule, opening, until, reason, asked_by, confirmed_by, rules):
            people = {"reason": reason, "by": asked_by, "confirmed_by": confirmed_by}
            about = {"rule": rule, "opening": opening, "until": until, "rules": rules}
            return {"kind": "emergency", "action": "in-force", **about, **people}
        case EmergencyClosed(rule, opening, by, rules):
            about = {"rule": rule, "opening": opening, "rules": rules}
            return {"kind": "emergency", "action": "ended", **about, "by": by or "end"}
        case MaintenanceChanged(current):
            return {"kind": "maintenance", "current": current}
        case KeyChanged(purpose, before, after):
            return {"kind": "keys", "purpose": purpose, "before": before, "after": after}
        case _:
            return None


# By status: the code of the error that the pages show for it.
_ERRORS: Final = {
    400: "bad-request",
    405: "method-not-allowed",
    408: "request-timeout",
    414: "address-too-long",
    431: "headers-too-large",
    503: "overloaded",
    505: "http-version",
}


def wire_entry(event: ClientRefused, now: float) -> RecordEntry | None:
    """The record of what the listener refused; None for a connection that it only closed, for its own sake, and for a
    request whose own record says it.
    """
    if not event.status or event.admitted:
        return None
    raw_request = (
        raw_request_of_scope(event.scope) if event.scope is not None else raw_request_of_head(event.head)
    )
    refusal = Refusal(event.reason, raw_request, "listener", event.language, event.viewer)
    return RecordEntry(
        event.request_id, now, event.status, 0.0, event.client, error=_ERRORS[event.status], refusal=refusal
    )
