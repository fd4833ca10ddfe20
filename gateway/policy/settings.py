"""What an operator can write under `rights:` and `rules:`, and the values that it is compiled to; and paths of polls."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetPydanticSchema,
    SkipValidation,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core.core_schema import no_info_after_validator_function

from gateway.http_semantics import FURTHER_METHODS, METHODS
from gateway.path_openings import PathOpenings
from gateway.plugin import NamedRight, Policy
from gateway.policy.handling_settings import HandlingSettings
from gateway.policy.pattern import Pattern, parse_pattern, parse_regex
from gateway.policy.ruleset import At, Rule
from gateway.settings import Duration, Settings, Texts

# Findings of `gateway config validate` about a rule that the rule itself can accept.
Accepted = Literal[
    "other-host",
    "public-inside",
    "pdp-without-credential",
    "pdp-long-fresh",
    "same-answer-name",
    "regex-dot",
    "regex-slash",
    "shadowed",
    "unreachable",
    "claim-not-kept",
    "opens-nothing",
    "opened-to-anyone",
    "case-only",
    "redirect-loop",
    "websocket-method",
    "open-on-condition",
    "own-path",
    "other-style",
    "impossible-path",
    "case-variants",
    "past-date",
    "far-date",
    "impossible-organisation",
    "impossible-person",
    "unknown-doelgroep",
    "unknown-acr",
    "wide-network",
    "trusted-network",
    "never-hit",
    "unproven-scope",
    "nearly-an-organisation",
    "emergency-breaks-never",
    "nobody-allowed",
    "idle-option",
    "other-zone",
    "unroutable-network",
    "mixed-network",
    "nearly-a-rule",
]
AcceptedRight = Literal[
    "unused-right", "needless-right", "unseen-right", "unproven-right", "right-never-seen"
]
_MAILBOX: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def _mailbox(value: str) -> str:
    if len(value) > 254 or not _MAILBOX.fullmatch(value):
        raise ValueError("write one e-mail address, without a name: beheer@example.be")
    return value


class RightSettings(Settings):
    """A right that rules can require: the codes that ACM sends, what people call it, and who grants it."""

    right: str
    """The right as it stands in the role claim, before the first hyphen: OVAMGebruiker."""

    context: str | None = None
    """The context as it stands in the role claim, after the first hyphen: NonConformiteitenIndiener."""

    label: Texts = Field(default_factory=dict)
    """What people call it, by language: {nl: ..., en: ...}."""

    granted_by: Texts = Field(default_factory=dict)
    """Who can give it, by language."""

    phone: str | None = None
    """Whom to call about it, where that is not the general number."""

    email: Annotated[str, AfterValidator(_mailbox)] | None = None
    """The mailbox of who can give it: the page of a denial then offers a message that is ready to send."""

    url: str | None = None
    """Where to ask for it."""

    accept: tuple[AcceptedRight, ...] = ()
    """Codes of findings of `gateway config validate` about this right that are intended."""

    def named(self, key: str) -> NamedRight:
        """This entry as policies see it."""
        given = {"phone": self.phone, "email": self.email, "url": self.url}
        contact = {name: value for name, value in given.items() if value}
        return NamedRight(key, self.right, self.context, self.label, self.granted_by, contact)


def _host(value: str) -> str:
    name = value.removeprefix("*.")
    if "*" in name or (name != value and "." not in name):
        raise ValueError("a star is only allowed for the first name: *.register.example.be")
    if value != value.lower() or "/" in value or not value:
        raise ValueError("write a host name in lower case, without a path: register.example.be")
    return value


def _method(value: str) -> str:
    if value not in METHODS and value not in FURTHER_METHODS:
        usual = ", ".join(map(repr, METHODS[:-1]))
        raise ValueError(f"{value!r} is not one of: {usual} or {METHODS[-1]!r}")
    return value


_Method = Annotated[
    str,
    AfterValidator(_method),
    WithJsonSchema({"type": "string", "enum": [*METHODS, *FURTHER_METHODS]}),
]

PathPattern = Annotated[
    Pattern, GetPydanticSchema(lambda _, text: no_info_after_validator_function(parse_pattern, text(str)))
]
_PathRegex = Annotated[
    Pattern, GetPydanticSchema(lambda _, text: no_info_after_validator_function(parse_regex, text(str)))
]


_ONE_PATTERN: Final = "give the path, or else a regex"


def _instead_of_path(value: Any, info: ValidationInfo) -> Any:
    # A path that has a fault of its own is not in `data`.
    if info.data.get("path", ...) is not None:
        raise ValueError(_ONE_PATTERN)
    return value


class MatchSettings(Settings):
    """Which requests a rule matches. What is left out matches everything."""

    path: PathPattern | None = None
    """/literal/{variable}/**: {variable} is one segment, ** at the end is the rest."""

    regex: Annotated[_PathRegex | None, BeforeValidator(_instead_of_path)] = None
    """Instead of `path`, where nothing else will do: a regular expression (RE2) for the whole path; (?P<name>...) is
    a variable."""

    methods: Annotated[tuple[_Method, ...], Field(min_length=1)] | None = None
    """HTTP methods in capitals; GET includes HEAD. Others than the usual ones must be in `edge.methods`."""

    hosts: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], Field(min_length=1)] | None = None
    """Host names as people reach them, with the port where it is not the usual one; *.example.be is one name below."""

    @model_validator(mode="after")
    def _some_pattern(self) -> Self:
        if self.path is None and self.regex is None:
            raise ValueError(_ONE_PATTERN)
        return self

    @property
    def pattern(self) -> Pattern:
        """The pattern of the path, whichever way it is written."""
        pattern = self.path or self.regex
        assert pattern is not None
        return pattern

    @property
    def included_methods(self) -> frozenset[str] | None:
        """The methods that match; None for all."""
        if self.methods is None:
            return None
        return frozenset(self.methods) | ({"HEAD"} if "GET" in self.methods else set())


class EmergencyRuleSettings(Settings):
    """What makes a rule an emergency rule: it decides only while two people have opened it (`gateway emergency open`)."""

    at_most: Annotated[Duration, Field(ge=1.0, le=86_400.0)]
    """How long it can be open at most, a day at the longest: 60m. It closes by itself."""


class RuleSettings(HandlingSettings, defer_build=False):
    """One rule. The first rule that matches a request decides about it."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    """The name of the rule, in records and messages: lower-case letters, digits and hyphens."""

    label: Texts = Field(default_factory=dict)
    """What people call this part of the service, by language, for the page "my access"."""

    match: MatchSettings
    """Which requests it matches."""

    require: Annotated[list[Any], Field(min_length=1)]
    """Policies that must all allow the request."""

    paths: PathOpenings = PathOpenings()
    """What this rule lets through of paths that the strict reading refuses, where its pattern doesn't look there."""
    websocket: Annotated[bool, Field(strict=True)] = False
    """Whether pages may open WebSockets here; without it they are refused."""

    emergency: EmergencyRuleSettings | None = None
    """Makes it an emergency rule, which is closed until two people open it."""

    accept: tuple[Accepted, ...] = ()
    """Codes of findings of `gateway config validate` about this rule that are intended."""

    def rule(self, require: tuple[Policy, ...], at: At) -> Rule:
        """This entry as it is decided; `require` are its policies and `at` is its file, line and column."""
        match, hosts = self.match, self.match.hosts
        return Rule(
            self.id,
            match.pattern,
            match.included_methods,
            frozenset(hosts) if hosts is not None else None,
            require,
            at,
            self.label,
            frozenset(self.accept),
            self.paths.names,
            self.websocket,
            self.handling(),
            self.emergency.at_most if self.emergency is not None else None,
        )


# Rules stay plain data until they are validated one by one, so that a fault in one hides none in the others.
UncheckedRules = tuple[SkipValidation[RuleSettings], ...]


class EnvironmentRules(Settings):
    """Rules of one environment only, around those that all environments share."""

    before: UncheckedRules = ()
    """Tried before the shared rules."""

    after: UncheckedRules = ()
    """Tried after the shared rules."""


class PollSettings(Settings):
    """Requests that pages make by themselves."""

    path: PathPattern
    """Where they go, like the path of a rule: /status/**."""

    source: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Of the Ajax calls of a JSF page only those of this component, by its client id (`form:poll`); it may have a `*`."""
