"""The vocabulary of the gateway: the frozen values that its areas hand to one another.

The request, the identity, the decision about them, and the tokens of a session. Times are in seconds since the
epoch. This module imports only `handling` and `http_semantics`, and its values only read their own fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from gateway.handling import PLAIN, Destination, Handling, Redirect
from gateway.http_semantics import HeaderLines

NOTHING: Mapping[str, Any] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    return NOTHING


# The request.

Language = str  # the tag of one that the pages have a catalogue for: "nl"

Viewer = Literal["page", "frame", "script", "ahead"]
"""Who sees the answer: a person who goes to a page, or who has a frame in one (also object and embed); a script, or any
other program; a browser that fetches it ahead of time, which nobody may ever see."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What makes a path ambiguous that an opening lets through; None stands for a path with one reading.

    `readings` are the segments as other servers may read them, beside the first reading; all readings must lead to
    the same rule. `needs` names the openings that this rule must have, because the environment has not.
    """

    readings: tuple[tuple[str, ...], ...]
    needs: frozenset[str] = frozenset()


class WebSocketHandshake(NamedTuple):
    """What a client asks for when it opens a WebSocket: its key, subprotocols in order, and offers of permessage-deflate."""

    key: bytes
    protocols: tuple[bytes, ...] = ()
    deflate: tuple[bytes, ...] = ()


class CanonicalRequest(NamedTuple):
    """A request with exactly one meaning: rules decide on it, and the upstream receives it.

    A named tuple, as `DecisionInput` is, because one is made for every request.

    `target` is path and query in origin form (RFC 9112 3.2.1): the exact bytes that the upstream receives.
    `path` is its path percent-decoded once (UTF-8); `segments` are its parts between slashes, so that "/a/b/" has
    the segments ("a", "b", ""). An encoded slash, where it is let through, stays "%2F" in them. `doubt` has the
    other readings of the path. `headers` are as received, with lower-case names and without the gateway's own
    cookies, which are in `cookies`. `viewer` says who sees the answer. `websocket` is what the lines `Sec-WebSocket-*` of
    a request that opens a WebSocket said; `headers` has none of these lines then.
    """

    id: str
    method: str
    scheme: Literal["http", "https"]
    host: str
    path: str
    segments: tuple[str, ...]
    target: bytes
    headers: HeaderLines
    cookies: Mapping[str, str]
    client: str
    viewer: Viewer
    language: Language
    websocket: WebSocketHandshake | None = None
    doubt: Doubt | None = None

    @property
    def raw_query(self) -> bytes | None:
        """The query as it was received; None where there is no question mark."""
        _, mark, query = self.target.partition(b"?")
        return query if mark else None

    @property
    def for_person(self) -> bool:
        """Whether a person sees the answer."""
        return self.viewer in ("page", "frame")

    @property
    def navigation(self) -> bool:
        """Whether a browser goes to a page by reading it, so that it may be sent to a login on the way."""
        return self.viewer == "page" and self.method in ("GET", "HEAD")

    def header(self, name: bytes) -> bytes | None:
        """The value of a header by its lower-case name; several lines are one list (RFC 9110 5.3)."""
        values = [value for each, value in self.headers if each == name]
        return b", ".join(values) if values else None


# The identity.


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation that a session acts for. `code`: KBO number (10 digits), OVO code or institution number."""

    code: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Right:
    """One element of the role claim: a right, in a context, for an organisation (ACM "3D role")."""

    name: str
    context: str | None
    organisation: str


@dataclass(frozen=True, slots=True)
class ClaimFault:
    """A claim that could not be read: its name and the kind of fault, never its content."""

    claim: str
    fault: Literal["not-text", "too-long", "control-characters", "not-a-list", "not-a-right", "too-many"]


@dataclass(frozen=True, slots=True)
class Identity:
    """A person or a machine client, as the provider describes it.

    `claims` are the configured extra claims by name; `faults` are the claims that count as absent, in whole or in
    part, because they could not be read. Machine clients have `scopes` and `audiences` (RFC 9068). `bound`: the session is
    bound to a key of the browser, which proved a moment ago that it has it.
    """

    issuer: str
    subject: str
    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    phone: str | None = None
    doelgroep: str | None = None
    organisation: Organisation | None = None
    rights: tuple[Right, ...] = ()
    acr: str | None = None
    authenticated_at: float = 0.0
    kind: Literal["person", "machine"] = "person"
    scopes: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=_nothing)
    faults: tuple[ClaimFault, ...] = ()
    bound: bool = False

    @property
    def name(self) -> str | None:
        """Given name and family name, separated by a space; None if the provider sent neither."""
        return " ".join(part for part in (self.given_name, self.family_name) if part) or None

    @property
    def acts_as(self) -> tuple[str, str | None, str | None]:
        """(subject, doelgroep, code of the organisation): what a person chose at the login."""
        return self.subject, self.doelgroep, self.organisation.code if self.organisation is not None else None


# The decision.

Remedy = Literal["login", "grant", "switch", "step_up", "wait", "none"]


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that a person lacks for access, and the remedy.

    `label` is its name for people and `granted_by` who can grant it, both by language; `contact` has the phone,
    email and url of who grants it. `acr_values` are the authentication methods (URNs) of which one is enough, for the remedy
    step_up. What is unknown is None or empty.
    """

    kind: Literal[
        "login",
        "right",
        "organisation",
        "doelgroep",
        "assurance",
        "binding",
        "claim",
        "network",
        "time",
        "scope",
        "rate",
        "other",
    ]
    remedy: Remedy
    right: str | None = None
    context: str | None = None
    organisation: str | None = None
    detail: str | None = None
    label: Mapping[str, str] = field(default_factory=_nothing)
    granted_by: Mapping[str, str] = field(default_factory=_nothing)
    contact: Mapping[str, str] = field(default_factory=_nothing)
    acr_values: tuple[str, ...] = ()


# What would give access: any one of these, each a set of things that are needed together.
Alternatives = tuple[tuple[Missing, ...], ...]


@dataclass(frozen=True, slots=True)
class Allow:
    """The policy holds."""

    reason: str = "holds"


@dataclass(frozen=True, slots=True)
class Deny:
    """The policy does not hold. `alternatives` is empty if nothing that the person can do would help."""

    reason: str
    alternatives: Alternatives = ()


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The policy cannot be evaluated, for example without a login. It never counts as allowed."""

    reason: str
    alternatives: Alternatives = ()


Verdict = Allow | Deny | NotApplicable


class DecisionInput(NamedTuple):
    """Everything that a decision may depend on; the same input always gives the same decision.

    `facts` are the answers of the fact sources, fetched beforehand, by name. `doubt` has the other readings of a
    path that is ambiguous. `websocket`: the request opens a WebSocket.
    """

    method: str
    host: str
    path: str
    segments: tuple[str, ...]
    client: str
    now: float
    identity: Identity | None = None
    facts: Mapping[str, Any] = NOTHING
    doubt: Doubt | None = None
    websocket: bool = False

    def readings(self) -> tuple[DecisionInput, ...]:
        """One input without doubt for each reading of the path, the first reading first."""
        if self.doubt is None:
            return (self,)
        first = self._replace(doubt=None)
        others = (first._replace(path="/" + "/".join(each), segments=each) for each in self.doubt.readings)
        return (first, *others)


@dataclass(frozen=True, slots=True)
class PolicyTrace:
    """The verdict of one policy in a trace; a combined policy has the verdicts of its `parts`.

    `written` is the policy as plain data, as in the rule file.
    """

    policy: str
    written: Any
    verdict: Verdict
    parts: tuple[PolicyTrace, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule in a trace: whether it matched, why not, and the verdicts of its policies."""

    rule: str
    matched: bool
    why: str
    policies: tuple[PolicyTrace, ...] = ()


Outcome = Literal["allow", "redirect", "deny", "error"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision about one request. `rule` is None if no rule matched; `error` is set if a policy failed.

    `allowed`: it may go to the upstream of `handling`. With a `redirect` it goes nowhere: that is the answer. `emergency`
    is the id of the opening of the emergency rule that allowed it.
    """

    allowed: bool
    rule: str | None
    reason: str
    alternatives: Alternatives = ()
    variables: Mapping[str, str] = field(default_factory=_nothing)
    error: str | None = None
    trace: tuple[RuleTrace, ...] = ()
    handling: Handling = PLAIN
    redirect: Redirect | None = None
    emergency: str | None = None

    @property
    def outcome(self) -> Outcome:
        """The kind of decision."""
        if self.allowed:
            return "allow"
        if self.redirect is not None:
            return "redirect"
        return "error" if self.error is not None else "deny"

    @property
    def destination(self) -> Destination | None:
        """Where a request with this decision goes; None where it is denied."""
        return self.handling.destination if self.allowed or self.redirect is not None else None

    @property
    def login_helps(self) -> bool:
        """Whether a login is among the missing things."""
        return any(missing.kind == "login" for alternative in self.alternatives for missing in alternative)


# The session.


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a login, kept on the server only. `expires_at` is when the access token expires.

    `sid` is the provider's id of its session (OIDC Front- and Back-Channel Logout), if it gives one. `nonce` is that of
    the login (OIDC Core 12.2).
    """

    access_token: str
    refresh_token: str | None = None
    id_token: str | None = None
    expires_at: float | None = None
    sid: str | None = None
    nonce: str | None = None
