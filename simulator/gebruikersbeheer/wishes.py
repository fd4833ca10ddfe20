"""What somebody asked for, from the address in their message: it fills in the form of a right, and grants nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from urllib.parse import urlencode

from starlette.requests import Request

from simulator.data.people import Granted, RightKind, WorkRelation
from simulator.data.rules import LONGEST_TEXT, last_day

_CONTEXT, _REASON = "context", "reden"


def wish(contexts: tuple[str, ...], reason: str) -> str:
    """The query of a form that begins with these."""
    return urlencode([*((_CONTEXT, code) for code in contexts), (_REASON, reason)])


def wished(request: Request, blank: Granted, kind: RightKind, end: date | None = None) -> Granted:
    """The right with which the form begins. `end` is the last day that a right which is asked for gets, unless it has one."""
    asked = [code for code in request.query_params.getlist(_CONTEXT) if code in kind.contexts]
    if not asked:
        return blank
    return replace(
        blank,
        contexts=tuple(dict.fromkeys((*blank.contexts, *asked))),
        end=blank.end or end,
        reason=request.query_params.get(_REASON, "").strip()[:LONGEST_TEXT],
    )


def last_day_of(kind: RightKind, relation: WorkRelation, begin: date) -> date:
    """The last day on which a right that begins then may hold in this work relation."""
    latest = last_day(kind, begin)
    return latest if relation.end is None else min(latest, relation.end)
