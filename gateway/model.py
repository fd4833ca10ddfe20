"""The vocabulary of the gateway: the frozen values that its areas hand to one another.

It imports nothing of the gateway and holds no behaviour beyond reading its own fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

NOTHING: Mapping[str, Any] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    return NOTHING


Language = Literal["nl", "en"]
Remedy = Literal["login", "grant", "switch", "step_up", "wait", "none"]


@dataclass(frozen=True, slots=True)
class CanonicalRequest:
    """One request that has exactly one meaning: what rules judge is what the upstream receives.

    `path` is `raw_path` percent-decoded once (UTF-8); `segments` are its parts between slashes, so that
    "/a/b/" has the segments ("a", "b", ""). `headers` are as received: lower-case names, order kept, without
    the gateway's own cookies. `cookies` holds only the gateway's own cookies.
    """

    id: str
    method: str
    scheme: Literal["http", "https"]
    host: str
    path: str
    segments: tuple[str, ...]
    raw_path: bytes
    raw_query: bytes | None
    headers: tuple[tuple[bytes, bytes], ...]
    cookies: Mapping[str, str]
    client: str
    navigation: bool
    language: Language
    websocket: bool = False

    @property
    def target(self) -> bytes:
        """Path and query in origin form, the very bytes that go to the upstream."""
        return self.raw_path if self.raw_query is None else self.raw_path + b"?" + self.raw_query

    def header(self, name: bytes) -> bytes | None:
        """The value of a header by its lower-case name; several lines are one list (RFC 9110 5.3)."""
        values = [value for each, value in self.headers if each == name]
        return b", ".join(values) if values else None


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation that a session acts for: KBO number (10 digits), OVO code or institution number."""

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
    """A claim that the provider sent and that could not be read: its name and a code, never what was in it."""

    claim: str
    fault: Literal["not-text", "too-long", "control-characters", "not-a-list", "not-a-right", "too-many"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, as the provider said it; `claims` holds the mapped extra claims by name.

    `faults` tells which claims count as absent, or in part, because they could not be read.
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

    @property
    def name(self) -> str | None:
        """Given name and family name with one blank between, or None where the provider sent neither."""
        return " ".join(part for part in (self.given_name, self.family_name) if part) or None


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that stands between a person and an answer, and what would help.

    `label` is what people call it, `granted_by` who can give it; both by language where they come from the
    configuration. `contact` holds phone and url of the one who grants, where known. `acr_values` are the ways
    to log in (URNs) of which one is enough, for the remedy step_up.
    """

    kind: Literal[
        "login",
        "right",
        "organisation",
        "doelgroep",
        "assurance",
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


# The ways to get access: each way is the set of things that together would be enough.
Alternatives = tuple[tuple[Missing, ...], ...]


@dataclass(frozen=True, slots=True)
class Allow:
    """The policy holds."""

    reason: str = "holds"


@dataclass(frozen=True, slots=True)
class Deny:
    """The policy does not hold. `alternatives` is empty where nothing the person can do would help."""

    reason: str
    alternatives: Alternatives = ()


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The policy cannot be judged here, for example because nobody is logged in. Never counts as allowed."""

    reason: str
    alternatives: Alternatives = ()


Verdict = Allow | Deny | NotApplicable


@dataclass(frozen=True, slots=True)
class DecisionInput:
    """All that a decision may depend on; the same input always gives the same decision.

    `now` is in seconds since the epoch. `facts` holds what fact sources fetched beforehand, by name.
    """

    method: str
    host: str
    path: str
    segments: tuple[str, ...]
    client: str
    now: float
    identity: Identity | None = None
    facts: Mapping[str, Any] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class PolicyTrace:
    """One policy's verdict inside a trace; policies made of others carry the verdicts of those.

    `written` is the policy as plain data, as it could stand in the rule file.
    """

    policy: str
    written: Any
    verdict: Verdict
    parts: tuple[PolicyTrace, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule that was looked at: whether it matched, why not, and what its policies said."""

    rule: str
    matched: bool
    why: str
    policies: tuple[PolicyTrace, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one request. `rule` is None where no rule matched; `error` is set where a policy failed."""

    allowed: bool
    rule: str | None
    reason: str
    alternatives: Alternatives = ()
    variables: Mapping[str, str] = field(default_factory=_nothing)
    error: str | None = None
    trace: tuple[RuleTrace, ...] = ()

    @property
    def login_helps(self) -> bool:
        """Whether logging in is one of the things that are missing."""
        return any(missing.kind == "login" for alternative in self.alternatives for missing in alternative)


@dataclass(frozen=True, slots=True)
class Reach:
    """One rule as it stands to a person: what it is about and what it would decide for them.

    `path` is the pattern, with the person's own codes where it is open for those alone; `methods` is empty for all;
    `label` is what people call it. `until` is when it closes, in seconds since the epoch, where that is near;
    `checked_again` tells that something else is asked at every request, such as a limit.
    """

    rule: str
    path: str
    decision: Decision
    methods: tuple[str, ...] = ()
    label: Mapping[str, str] = field(default_factory=_nothing)
    until: float | None = None
    checked_again: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider handed out at login, kept on the server only. `expires_at`: seconds since the epoch.

    `sid` is the provider's own name for its session (OIDC Front- and Back-Channel Logout), where it gives one.
    """

    access_token: str
    refresh_token: str | None = None
    id_token: str | None = None
    expires_at: float | None = None
    sid: str | None = None
