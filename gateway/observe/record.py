"""Decides what is remembered of a request: enough to decide it again, and nothing that names the person.

It knows nothing of files and of where records go.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

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


def _nothing() -> Mapping[str, Any]:
    return NOTHING


@dataclass(frozen=True, slots=True)
class Handled:
    """One request and what came of it; what is not known stays None.

    `now` (seconds since the epoch) and `facts` are those of the DecisionInput. `session` is the session's public
    id, `rules` the hash of the rule set, `endpoint` the name of an own endpoint, `error` the code of a
    GatewayError, `seconds` the time from the first byte in to the last byte out. `shadow` is the verdict of a
    candidate rule set.
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
    facts: Mapping[str, Any] = field(default_factory=_nothing)


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


def describe(
    handled: Handled, *, environment: str, pseudonyms: Pseudonyms, claims: Collection[str] = ()
) -> dict[str, Any]:
    """The decision record: see docs/reference/decision-records.md. `claims` are those that rules look at."""
    request, decision, identity = handled.request, handled.decision, handled.identity
    record: dict[str, Any] = {
        "v": VERSION,
        "kind": "request",
        "time": timestamp(handled.now),
        "now": handled.now,
        "environment": environment,
        "request_id": handled.request_id,
        "client": handled.client,
        "status": handled.status,
        "ms": round(handled.seconds * 1000, 3),
        "rules": handled.rules,
        "verdict": _verdict(decision, handled),
        "rule": decision.rule if decision else None,
    }
    if request is not None:
        record["method"] = request.method
        record["host"] = request.host
        record["path"] = mask(request.path)
        if request.websocket:
            record["websocket"] = True
    if decision is not None:
        record["reason"] = mask(decision.reason)
        if not decision.allowed:
            record["missing"] = [[_missing(missing) for missing in way] for way in decision.ways]
        if decision.error is not None:
            record["fault"] = mask(decision.error)
    if identity is not None:
        record["who"] = _who(identity, pseudonyms, claims)
    for name in ("endpoint", "error", "session"):
        value = getattr(handled, name)
        if value is not None:
            record[name] = value
    if handled.shadow is not None:
        record["shadow"] = {
            "verdict": _verdict(handled.shadow, handled),
            "rule": handled.shadow.rule,
        }
    if handled.facts:
        record["facts"] = clean(handled.facts)
    return record


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
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _verdict(decision: Decision | None, handled: Handled) -> str:
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
        claims=who.get("claims", NOTHING),
    )
