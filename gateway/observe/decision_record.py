"""Decision records: one JSON object per request, enough to decide it again without naming the person."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.caching.object_memo import ObjectMemo
from gateway.codec import IdentityView, missing_to_dict
from gateway.handling import DEFAULT_UPSTREAM, PLAIN
from gateway.key_files.keyring import Key, Ring
from gateway.model import (
    NOTHING,
    CanonicalRequest,
    Decision,
    DecisionInput,
    Doubt,
    Identity,
    Missing,
    Organisation,
    Right,
)
from gateway.observe.asked_by import AskedBy, asked_by_text
from gateway.observe.masking import clean, mask
from gateway.observe.refused import Answer
from gateway.reference import reference_of

VERSION: Final = 1
# What a record holds of an identity under its own name, where it is known.
_AS_IS: Final = ("doelgroep", "acr", "authenticated_at", "claims", "bound")

_KINDS: Final = ("request", "evaluation")
_MISSING: Final = ("kind", "remedy", "right", "context", "organisation", "detail")

_text = json.encoder.encode_basestring_ascii
_json = json.JSONEncoder(separators=(",", ":"), default=str).encode


class AuditEntry(NamedTuple):
    """One request and its outcome; None where something is unknown or does not apply.

    A named tuple, because one is made for every request. `now` (seconds since the epoch) and `facts` are those of
    the DecisionInput; `seconds` is the time from the first byte in to the last byte out.

    `session`: the session's public id. `rules`: the hash of the rule set. `endpoint`: the name of one of the
    gateway's own endpoints. `error`: the code of a GatewayError. `shadow`: the decision of the candidate rules, if
    it differs, and `shadow_rules` their hash. `cut`: why an exchange was ended early (`reason`, `why`, `rules`).
    `block`: the name of the block that refused the request, `maintenance` that of the maintenance. `answer`: what
    became of a request that was refused. `asked_by`: nobody sent the request, a
    program asked about it.
    """

    request_id: str
    now: float
    status: int
    seconds: float
    client: str
    request: CanonicalRequest | None = None
    decision: Decision | None = None
    identity: Identity | None = None
    session: str | None = None
    rules: str | None = None
    endpoint: str | None = None
    error: str | None = None
    shadow: Decision | None = None
    shadow_rules: str | None = None
    facts: Mapping[str, Any] = NOTHING
    cut: Mapping[str, str] | None = None
    block: str | None = None
    maintenance: str | None = None
    answer: Answer | None = None
    asked_by: AskedBy | None = None


class Pseudonyms:
    """Pseudonyms for persons, derived from a key.

    `key` is at least 32 secret octets. The environment is part of the derivation, so that the same person has
    unrelated pseudonyms in T&I and PRD. Raises ValueError for a shorter key.
    """

    def __init__(self, key: bytes, environment: str) -> None:
        if len(key) < 32:
            raise ValueError("a key for pseudonyms has at least 32 octets")
        info = f"toegangspoort decision records {environment}".encode()
        self._key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)

    def of(self, identity: Identity) -> str:
        """The pseudonym: 22 characters, always the same for the same issuer and subject."""
        person = f"{len(identity.issuer)}:{identity.issuer}{identity.subject}".encode(
            "utf-8", "surrogatepass"
        )
        return urlsafe_b64encode(hmac.digest(self._key, person, hashlib.sha256)[:16]).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class PseudonymKeys:
    """The keys for pseudonyms of one environment, by reference."""

    ring: Ring
    environment: str

    def read(self) -> Callable[[Identity], str]:
        """The function that gives somebody's pseudonym under the newest key. Raises ValueError with a message for operators."""
        return Pseudonyms(self.ring.octets()[0], self.environment).of


def person_names(keys: Iterable[Key], environment: str) -> Callable[[Identity], Mapping[str, str]]:
    """The function that gives somebody's pseudonyms under these keys, in their order, by the id of the key."""
    several = {key.id: Pseudonyms(key.octets, environment) for key in keys}
    return lambda identity: {key: each.of(identity) for key, each in several.items()}


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

    def record_claims(self, claims: Collection[str]) -> None:
        """Record these extra claims from now on, and no others."""
        if set(claims) != set(self._claims):
            self._claims = tuple(sorted(claims))
            self._who.clear()

    def encode(self, entry: AuditEntry) -> str:
        """The record of one request, as a JSON object."""
        # Joined by hand because this runs for every request: it is three times as fast as json.dumps.
        request, decision = entry.request, entry.decision
        parts = [
            f'{{"v":{VERSION},"kind":"{_KINDS[entry.asked_by is not None]}","time":"{timestamp(entry.now)}","now":{entry.now!r}',
            f'"environment":{self._environment},"request_id":{_text(entry.request_id)}',
            f'"client":{_text(entry.client)},"status":{entry.status:d},"ms":{entry.seconds * 1000:.3f}',
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
        if entry.answer is not None:
            parts.append(_answered(entry.answer, reason=decision is None and not ordered))
        if entry.session is not None:
            parts.append(f'"session":{_text(entry.session)}')
        if entry.shadow is not None:
            parts.append(_shadowed(entry, entry.shadow))
        if entry.cut is not None or entry.asked_by is not None:
            parts.extend(_seldom(entry))
        if entry.facts:
            parts.append(f'"facts":{_json(clean(entry.facts))}')
        return ",".join(parts) + "}"

    def _encoded_who(self, identity: Identity) -> str:
        return f'"who":{_json(self._view(identity))}'

    def _recorded_claims(self, identity: Identity) -> dict[str, Any]:
        claims = identity.claims
        return {name: clean(claims[name], name) for name in self._claims if name in claims}


def _seldom(entry: AuditEntry) -> Iterator[str]:
    """What hardly any record has."""
    if entry.cut is not None:
        yield f'"cut":{_json(clean(entry.cut))}'
    if entry.asked_by is not None:
        yield asked_by_text(entry.asked_by)


def _ordered(entry: AuditEntry) -> str:
    """What an operator ordered that refused the request."""
    reason, name = ("blocked", "block") if entry.block is not None else ("maintenance", "maintenance")
    return f'"reason":"{reason}","{name}":{_text(entry.block or entry.maintenance or "")}'


def _text_or_null(value: str | None) -> str:
    return "null" if value is None else _text(value)


def replayable(record: Mapping[str, Any]) -> bool:
    """Whether the record contains a decision that can be made again."""
    return (
        record.get("v") == VERSION
        and record.get("kind") == "request"
        and record.get("verdict") in ("allow", "redirect", "deny", "error")
        and isinstance(record.get("path"), str)
        # Nobody knows which emergency rules were open then.
        and "emergency" not in record
    )


def decision_input(record: Mapping[str, Any]) -> DecisionInput:
    """The input of the recorded decision; its subject is the pseudonym. Raises ValueError for another record."""
    try:
        path: str = record["path"]
        return DecisionInput(
            method=record["method"],
            host=record["host"],
            path=path,
            segments=tuple(path.split("/")[1:]),
            client=record["client"],
            now=float(record["now"]),
            identity=_identity(record["who"]) if "who" in record else None,
            facts=record.get("facts", NOTHING),
            doubt=Doubt(
                tuple(tuple(each.split("/")[1:]) for each in doubt["readings"]), frozenset(doubt["needs"])
            )
            if (doubt := record.get("doubt")) is not None
            else None,
            websocket=record.get("websocket") is True,
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise ValueError(f"not a replayable decision record: {problem!r}") from problem


def timestamp(now: float) -> str:
    """`now`, in seconds since the epoch, as 2026-11-23T20:16:00.123Z."""
    seconds, milliseconds = divmod(int(now * 1000), 1000)
    return f"{_whole_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=4)
def _whole_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _verdict(decision: Decision | None, entry: AuditEntry) -> str:
    if decision is None:
        return "own" if entry.endpoint is not None and entry.error is None else "refused"
    return decision.outcome


def _shadowed(entry: AuditEntry, shadow: Decision) -> str:
    verdict, rule = _verdict(shadow, entry), _text_or_null(shadow.rule)
    reason, rules = _text(mask(shadow.reason)), _text_or_null(entry.shadow_rules)
    return f'"shadow":{{"verdict":"{verdict}","rule":{rule},"reason":{reason},"rules":{rules}}}'


def _answered(answer: Answer, *, reason: bool) -> str:
    """What a record says of a refusal; the `reason` where no decision gives one."""
    parts = [f'"reason":{_text(answer.reason)}'] if reason and answer.reason is not None else []
    if answer.asked is not None:
        parts.append(f'"asked":{_json(answer.asked._asdict())}')
    return ",".join((*parts, f'"answer":{_json(answer.to_dict())}'))


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


def _identity(who: Mapping[str, Any]) -> Identity:
    organisation = who.get("organisation")
    return Identity(
        issuer=who["issuer"],
        subject=who["person"],
        kind=who["kind"],
        rights=tuple(Right(*right) for right in who["rights"]),
        organisation=Organisation(organisation) if organisation is not None else None,
        **{name: who[name] for name in _AS_IS if name in who},
        scopes=tuple(who.get("scopes", ())),
        audiences=tuple(who.get("audiences", ())),
    )
