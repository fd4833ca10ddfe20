"""Decides what is remembered of a request: enough to decide it again, and nothing that names the person.

It knows nothing of files and of where records go.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.model import (
    NOTHING,
    CanonicalRequest,
    Decision,
    DecisionInput,
    Identity,
    Missing,
    Organisation,
    Right,
)
from gateway.observe.masking import clean, mask

VERSION: Final = 1
_PERSONS_KEPT: Final = 2_048

_text = json.encoder.encode_basestring_ascii
_json = json.JSONEncoder(separators=(",", ":"), default=str).encode


class AuditEntry(NamedTuple):
    """One request and what came of it; what is not known stays None. (A tuple, for it is made on the hot path.)

    `now` (seconds since the epoch) and `facts` are those of the DecisionInput. `session` is the session's public
    id, `rules` the hash of the rule set, `endpoint` the name of an own endpoint, `error` the code of a
    GatewayError, `seconds` the time from the first byte in to the last byte out. `shadow` is the decision of the
    candidate rules where it is another one, `shadow_rules` their hash. `block` names the block that kept somebody out. `cut` says why an exchange was ended before its time: `reason`, `why` and `rules`.
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


class Pseudonyms:
    """Names for persons that only the holder of the key can connect to them; another key gives other names.

    `key` is at least 32 secret octets; the environment is bound in, so that T&I and PRD cannot be connected.
    """

    def __init__(self, key: bytes, environment: str) -> None:
        if len(key) < 32:
            raise ValueError("a key for pseudonyms holds at least 32 octets")
        info = f"toegangspoort decision records {environment}".encode()
        self._key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)

    def of(self, identity: Identity) -> str:
        """22 characters that stay the same for the same issuer and subject."""
        person = f"{len(identity.issuer)}:{identity.issuer}{identity.subject}".encode(
            "utf-8", "surrogatepass"
        )
        return urlsafe_b64encode(hmac.digest(self._key, person, hashlib.sha256)[:16]).decode().rstrip("=")


class RecordForm:
    """Makes decision records for one environment: see docs/reference/decision-records.md.

    `claims` names the extra claims that rules look at; no others are recorded.
    """

    def __init__(self, environment: str, pseudonyms: Pseudonyms, claims: Collection[str] = ()) -> None:
        self._environment = _text(environment)
        self._pseudonyms = pseudonyms
        self._claims = tuple(claims)
        self._persons: dict[int, tuple[Identity, str]] = {}

    def look_at(self, claims: Collection[str]) -> None:
        """Record these extra claims from now on, and no others."""
        if set(claims) != set(self._claims):
            self._claims = tuple(sorted(claims))
            self._persons.clear()

    def fill_in(self, handled: AuditEntry) -> str:
        """The record of one request, as a JSON object."""
        # Put together by hand: this runs once for every request, and is three times as fast as json.dumps.
        request, decision = handled.request, handled.decision
        parts = [
            f'{{"v":{VERSION},"kind":"request","time":"{timestamp(handled.now)}","now":{handled.now!r}',
            f'"environment":{self._environment},"request_id":{_text(handled.request_id)}',
            f'"client":{_text(handled.client)},"status":{handled.status:d},"ms":{handled.seconds * 1000:.3f}',
            f'"rules":{_text_or_null(handled.rules)},"verdict":"{_verdict(decision, handled)}"',
            f'"rule":{_text_or_null(decision.rule if decision else None)}',
        ]
        if request is not None:
            method, path = _text(request.method), _text(mask(request.path))
            parts.append(f'"method":{method},"host":{_text(request.host)},"path":{path}')
            if request.websocket:
                parts.append('"websocket":true')
        if decision is not None:
            parts.append(f'"reason":{_text(mask(decision.reason))}')
            if not decision.allowed:
                missing = [[_missing(each) for each in alternative] for alternative in decision.alternatives]
                parts.append(f'"missing":{_json(missing)}')
            if decision.error is not None:
                parts.append(f'"fault":{_text(mask(decision.error))}')
        if handled.block is not None:
            parts.append(f'"reason":"blocked","block":{_text(handled.block)}')
        if handled.identity is not None:
            parts.append(self._who(handled.identity))
        if handled.endpoint is not None:
            parts.append(f'"endpoint":{_text(handled.endpoint)}')
        if handled.error is not None:
            parts.append(f'"error":{_text(handled.error)}')
        if handled.session is not None:
            parts.append(f'"session":{_text(handled.session)}')
        if handled.shadow is not None:
            verdict, rule = _verdict(handled.shadow, handled), _text_or_null(handled.shadow.rule)
            reason, rules = _text(mask(handled.shadow.reason)), _text_or_null(handled.shadow_rules)
            parts.append(
                f'"shadow":{{"verdict":"{verdict}","rule":{rule},"reason":{reason},"rules":{rules}}}'
            )
        if handled.cut is not None:
            parts.append(f'"cut":{_json(clean(handled.cut))}')
        if handled.facts:
            parts.append(f'"facts":{_json(clean(handled.facts))}')
        return ",".join(parts) + "}"

    def _who(self, identity: Identity) -> str:
        # The same identity object comes with every request of a session.
        found = self._persons.get(id(identity))
        if found is not None and found[0] is identity:
            return found[1]
        who = f'"who":{_json(_who(identity, self._pseudonyms, self._claims))}'
        if len(self._persons) >= _PERSONS_KEPT:
            del self._persons[next(iter(self._persons))]
        self._persons[id(identity)] = (identity, who)
        return who


def _text_or_null(value: str | None) -> str:
    return "null" if value is None else _text(value)


def replayable(record: Mapping[str, Any]) -> bool:
    """Whether the record holds a decision that can be made again."""
    return (
        record.get("v") == VERSION
        and record.get("kind") == "request"
        and record.get("verdict") in ("allow", "deny", "error")
        and isinstance(record.get("path"), str)
    )


def decision_input(record: Mapping[str, Any]) -> DecisionInput:
    """What was decided on, for deciding it again; the subject is the pseudonym. Raises ValueError."""
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
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise ValueError(f"not a replayable decision record: {problem!r}") from problem


def timestamp(now: float) -> str:
    """Seconds since the epoch as 2026-11-23T20:16:00.123Z."""
    seconds, milliseconds = divmod(int(now * 1000), 1000)
    return f"{_whole_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=4)
def _whole_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _verdict(decision: Decision | None, handled: AuditEntry) -> str:
    if decision is None:
        return "own" if handled.endpoint is not None and handled.error is None else "refused"
    if decision.error is not None:
        return "error"
    return "allow" if decision.allowed else "deny"


def _missing(missing: Missing) -> dict[str, Any]:
    values = {
        "kind": missing.kind,
        "remedy": missing.remedy,
        "right": missing.right,
        "context": missing.context,
        "organisation": missing.organisation,
        "detail": mask(missing.detail) if missing.detail else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _who(identity: Identity, pseudonyms: Pseudonyms, claims: Collection[str]) -> dict[str, Any]:
    who: dict[str, Any] = {
        "person": pseudonyms.of(identity),
        "issuer": identity.issuer,
        "kind": identity.kind,
        "rights": [[right.name, right.context, right.organisation] for right in identity.rights],
    }
    if identity.organisation is not None:
        who["organisation"] = identity.organisation.code
    if identity.doelgroep is not None:
        who["doelgroep"] = identity.doelgroep
    if identity.acr is not None:
        who["acr"] = identity.acr
    if identity.authenticated_at:
        who["authenticated_at"] = identity.authenticated_at
    if identity.scopes:
        who["scopes"] = list(identity.scopes)
    if identity.audiences:
        who["audiences"] = list(identity.audiences)
    looked_at = {name: clean(identity.claims[name], name) for name in claims if name in identity.claims}
    if looked_at:
        who["claims"] = looked_at
    return who


def _identity(who: Mapping[str, Any]) -> Identity:
    organisation = who.get("organisation")
    return Identity(
        issuer=who["issuer"],
        subject=who["person"],
        doelgroep=who.get("doelgroep"),
        organisation=Organisation(organisation) if organisation is not None else None,
        rights=tuple(Right(name, context, code) for name, context, code in who["rights"]),
        acr=who.get("acr"),
        authenticated_at=float(who.get("authenticated_at", 0.0)),
        kind=who["kind"],
        scopes=tuple(who.get("scopes", ())),
        audiences=tuple(who.get("audiences", ())),
        claims=who.get("claims", NOTHING),
    )
