"""Writes decision records as JSON objects: see docs/reference/decision-records.md."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from gateway.caching.object_memo import ObjectMemo
from gateway.codec import IdentityView, missing_to_dict
from gateway.handling import DEFAULT_UPSTREAM, PLAIN
from gateway.model import Decision, Doubt, Identity, Missing
from gateway.observe.asked_by import asked_by_text
from gateway.observe.decision_record import VERSION, Pseudonyms, RecordEntry, timestamp
from gateway.observe.masking import clean, mask
from gateway.observe.record_memo import RecordMemo
from gateway.observe.refusal import Refusal
from gateway.reference import reference_of

_KINDS: Final = ("request", "evaluation")
_MISSING: Final = ("kind", "remedy", "right", "context", "organisation", "detail")

_text = json.encoder.encode_basestring_ascii
_json = json.JSONEncoder(separators=(",", ":"), default=str).encode


class RecordEncoder:
    """Encodes the decision records of one environment: see docs/reference/decision-records.md.

    `claims` names the extra claims that rules use; no others are recorded. `others` are under the other keys that are
    in use: a person's pseudonyms under them are recorded too, so that records of other times can be joined.
    """

    def __init__(
        self,
        environment: str,
        pseudonyms: Pseudonyms,
        claims: Collection[str] = (),
        *,
        others: Sequence[Pseudonyms] = (),
    ) -> None:
        self._environment = _text(environment)
        self._claims = tuple(claims)
        self._view = IdentityView(
            {
                "person": pseudonyms.of,
                "also": lambda identity: [each.of(identity) for each in others],
                "issuer": "issuer",
                "kind": "kind",
                "rights": _rights,
                "organisation": "organisation.code",
                "doelgroep": "doelgroep",
                "acr": "acr",
                "authenticated_at": "authenticated_at",
                "scopes": "scopes",
                "audiences": "audiences",
                "claims": self._recorded_claims,
                "bound": "bound",
            },
            optional=(
                "also",
                "organisation",
                "doelgroep",
                "acr",
                "authenticated_at",
                "scopes",
                "audiences",
                "claims",
                "bound",
            ),
        )
        self._who = ObjectMemo(self._encoded_who)
        self._same = RecordMemo(self._about)

    def record_claims(self, claims: Collection[str]) -> None:
        """Record these extra claims from now on, and no others."""
        if set(claims) != set(self._claims):
            self._claims = tuple(sorted(claims))
            self._who.clear()
            self._same.clear()

    def encode(self, entry: RecordEntry) -> str:
        """The record of one request, as a JSON object."""
        # Joined by hand because this runs for every request: it is three times as fast as json.dumps.
        about = self._same(entry)
        return (
            f'{{"v":{VERSION},"kind":"{_KINDS[entry.asked_by is not None]}","time":"{timestamp(entry.now)}","now":{entry.now!r},'
            f'"environment":{self._environment},"request_id":{_text(entry.request_id)},'
            f'"client":{_text(entry.client)},"status":{entry.status:d},"ms":{entry.seconds * 1000:.3f},{about}}}'
        )

    def _about(self, entry: RecordEntry) -> str:
        """What the record says of rules, request, decision, person and end."""
        request, decision = entry.request, entry.decision
        parts = [
            f'"rules":{_text_or_null(entry.rules)},"verdict":"{_verdict(decision, entry)}"',
            f'"rule":{_text_or_null(decision.rule if decision else None)}',
        ]
        if request is not None:
            method, path = _text(request.method), _text(mask(request.path))
            parts.append(f'"method":{method},"host":{_text(request.host)},"path":{path}')
            if request.doubt is not None:
                parts.append(f'"doubt":{_json(_doubt(request.doubt))}')
            if request.websocket is not None:
                parts.append('"websocket":true')
        if decision is not None:
            parts.append(f'"reason":{_text(mask(decision.reason))}')
            if decision.redirect is not None:
                parts.append(f'"location":{_text(mask(decision.redirect.location))}')
            elif not decision.allowed:
                missing = [[_missing(each) for each in alternative] for alternative in decision.alternatives]
                parts.append(f'"missing":{_json(missing)}')
            elif decision.handling is not PLAIN and decision.handling.upstream != DEFAULT_UPSTREAM:
                parts.append(f'"upstream":{_text(decision.handling.upstream)}')
            if decision.emergency is not None:
                parts.append(f'"emergency":{_text(decision.emergency)}')
            if decision.error is not None:
                parts.append(f'"fault":{_text(mask(decision.error))}')
        ordered = entry.block is not None or entry.maintenance is not None
        if ordered:
            parts.append(_ordered(entry))
        if entry.identity is not None:
            parts.append(self._who(entry.identity))
        if entry.endpoint is not None:
            parts.append(f'"endpoint":{_text(entry.endpoint)}')
        if entry.error is not None:
            parts.append(f'"error":{_text(entry.error)},"reference":"{reference_of(entry.request_id)}"')
        if entry.refusal is not None:
            parts.append(_refusal(entry.refusal, reason=decision is None and not ordered))
        if entry.session is not None:
            parts.append(f'"session":{_text(entry.session)}')
        if entry.shadow is not None:
            parts.append(_shadowed(entry, entry.shadow))
        if entry.cut is not None or entry.asked_by is not None:
            parts.extend(_seldom(entry))
        if entry.facts:
            parts.append(f'"facts":{_json(clean(entry.facts))}')
        return ",".join(parts)

    def _encoded_who(self, identity: Identity) -> str:
        return f'"who":{_json(self._view(identity))}'

    def _recorded_claims(self, identity: Identity) -> dict[str, Any]:
        claims = identity.claims
        return {name: clean(claims[name], name) for name in self._claims if name in claims}


def _seldom(entry: RecordEntry) -> Iterator[str]:
    """What hardly any record has."""
    if entry.cut is not None:
        yield f'"cut":{_json(clean(entry.cut))}'
    if entry.asked_by is not None:
        yield asked_by_text(entry.asked_by)


def _ordered(entry: RecordEntry) -> str:
    """What an operator ordered that refused the request."""
    reason, name = ("blocked", "block") if entry.block is not None else ("maintenance", "maintenance")
    return f'"reason":"{reason}","{name}":{_text(entry.block or entry.maintenance or "")}'


def _text_or_null(value: str | None) -> str:
    return "null" if value is None else _text(value)


def _verdict(decision: Decision | None, entry: RecordEntry) -> str:
    if decision is None:
        return "own" if entry.endpoint is not None and entry.error is None else "refused"
    return decision.outcome


def _shadowed(entry: RecordEntry, shadow: Decision) -> str:
    verdict, rule = _verdict(shadow, entry), _text_or_null(shadow.rule)
    reason, rules = _text(mask(shadow.reason)), _text_or_null(entry.shadow_rules)
    return f'"shadow":{{"verdict":"{verdict}","rule":{rule},"reason":{reason},"rules":{rules}}}'


def _refusal(refusal: Refusal, *, reason: bool) -> str:
    """What a record says of a refusal; the `reason` where no decision gives one."""
    parts = [f'"reason":{_text(refusal.reason)}'] if reason and refusal.reason is not None else []
    if refusal.raw_request is not None:
        parts.append(f'"asked":{_json(refusal.raw_request._asdict())}')
    return ",".join((*parts, f'"answer":{_json(refusal.to_dict())}'))


def _missing(missing: Missing) -> dict[str, Any]:
    found = missing_to_dict(missing, _MISSING)
    detail = found.pop("detail", None)
    return {**found, "detail": mask(detail)} if detail else found


def _doubt(doubt: Doubt) -> dict[str, list[str]]:
    # The value of a path parameter may be a secret: the id of a session.
    readings = (re.sub(r";[^/]*", ";", "/" + "/".join(each)) for each in doubt.readings)
    return {"readings": [mask(each) for each in readings], "needs": sorted(doubt.needs)}


def _rights(identity: Identity) -> list[list[str | None]]:
    return [[right.name, right.context, right.organisation] for right in identity.rights]
