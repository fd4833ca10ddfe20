"""Decision records: one JSON object per request, enough to decide it again without naming the person."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.key_files.keyring import Key, Ring
from gateway.model import (
    NOTHING,
    CanonicalRequest,
    Decision,
    DecisionInput,
    Doubt,
    Identity,
    Organisation,
    Right,
)
from gateway.observe.asked_by import AskedBy
from gateway.observe.masking import NATIONAL_NUMBER
from gateway.observe.refusal import Refusal

VERSION: Final = 1
# What records are called that say nothing about rules, and those that nobody can read.
NO_RULE: Final = "requests that no rule decided"
LACKING: Final = "records that lack a field"
# What a record holds of an identity under its own name, where it is known.
_AS_IS: Final = ("doelgroep", "acr", "authenticated_at", "claims", "bound")


class RecordEntry(NamedTuple):
    """One request and its outcome; None where something is unknown or does not apply.

    A named tuple, because one is made for every request. `now` (seconds since the epoch) and `facts` are those of
    the DecisionInput; `seconds` is the time from the first byte in to the last byte out.

    `session`: the session's public id. `rules`: the hash of the rule set. `endpoint`: the name of one of the
    gateway's own endpoints. `error`: the code of a GatewayError. `shadow`: the decision of the candidate rules, if
    it differs, and `shadow_rules` their hash. `cut`: why an exchange was ended early (`reason`, `why`, `rules`).
    `block`: the name of the block that refused the request, `maintenance` that of the maintenance. `refusal`: what
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
    refusal: Refusal | None = None
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


def not_replayable(record: Mapping[str, Any]) -> str | None:
    """What records are called of which the decision cannot be made again; None for one of which it can."""
    if replayable(record):
        return "requests whose path was masked" if NATIONAL_NUMBER in record["path"] else None
    if record.get("kind") != "request":
        return "records of other kinds"
    if record.get("verdict") in ("own", "refused"):
        return NO_RULE
    if record.get("v") != VERSION:
        return "records of another version"
    return "requests that an open emergency rule let in" if "emergency" in record else LACKING


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
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ValueError(f"not a replayable decision record: {problem!r}") from problem


def timestamp(now: float) -> str:
    """`now`, in seconds since the epoch, as 2026-11-23T20:16:00.123Z."""
    seconds, milliseconds = divmod(int(now * 1000), 1000)
    return f"{_whole_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=4)
def _whole_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


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
