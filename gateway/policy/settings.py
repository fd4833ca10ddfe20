"""What an operator can write under `rights:` and `rules:`. How the words become policies is decided at loading."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.http_semantics import Method
from gateway.plugin.contract import NamedRight
from gateway.settings import Settings

# What `gateway config validate` can find about a rule.
Accepted = Literal[
    "other-host", "public-inside", "regex-dot", "regex-slash", "shadowed", "unreachable", "claim-not-kept"
]
Languages = dict[Literal["nl", "en"], str]


class RightSettings(Settings):
    """A right that rules can require: the codes that ACM sends, what people call it, and who grants it."""

    right: str
    """The right as it stands in the role claim, before the first hyphen: OVAMGebruiker."""

    context: str | None = None
    """The context as it stands in the role claim, after the first hyphen: NonConformiteitenIndiener."""

    label: Languages = Field(default_factory=dict)
    """What people call it, in Dutch (nl) and English (en)."""

    granted_by: Languages = Field(default_factory=dict)
    """Who can give it, in Dutch (nl) and English (en)."""

    phone: str | None = None
    """Whom to call about it, where that is not the general number."""

    url: str | None = None
    """Where to ask for it."""

    def named(self, key: str) -> NamedRight:
        """This entry as policies see it."""
        contact = {name: value for name, value in (("phone", self.phone), ("url", self.url)) if value}
        label = {str(language): text for language, text in self.label.items()}
        granted_by = {str(language): text for language, text in self.granted_by.items()}
        return NamedRight(key, self.right, self.context, label, granted_by, contact)


def _host(value: str) -> str:
    name = value.removeprefix("*.")
    if "*" in name or (name != value and "." not in name):
        raise ValueError("a star stands for one name at the beginning: *.register.example.be")
    if value != value.lower() or "/" in value or not value:
        raise ValueError("write a host name in lower case, without a path: register.example.be")
    return value


class MatchSettings(Settings):
    """Which requests a rule is about. What is left out matches everything."""

    path: str | None = None
    """/literal/{variable}/**: {variable} is one segment, ** at the end is the rest."""

    regex: str | None = None
    """Instead of `path`, where nothing else will do: a regular expression (RE2) for the whole path; (?P<name>...) is
    a variable."""

    methods: Annotated[tuple[Method, ...], Field(min_length=1)] | None = None
    """HTTP methods in capitals; GET includes HEAD."""

    hosts: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], Field(min_length=1)] | None = None
    """Host names as people reach them, with the port where it is not the usual one; *.example.be is one name below."""

    @model_validator(mode="after")
    def _one_pattern(self) -> Self:
        if (self.path is None) == (self.regex is None):
            raise ValueError("give the path, or else a regex")
        return self


class RuleSettings(Settings):
    """One rule. The first rule that matches a request decides about it."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    """The name of the rule, in records and messages: lower-case letters, digits and hyphens."""

    label: Languages = Field(default_factory=dict)
    """What people call this part of the service, in Dutch (nl) and English (en), for the page "my access"."""

    match: MatchSettings
    """Which requests it is about."""

    require: Annotated[list[Any], Field(min_length=1)]
    """Policies that must all allow the request."""

    accept: tuple[Accepted, ...] = ()
    """Findings of `gateway config validate` about this rule that are meant, by their codes."""


class EnvironmentRules(Settings):
    """Rules that only one environment has; they stand around those that all environments share."""

    before: tuple[RuleSettings, ...] = ()
    """Looked at before the shared rules."""

    after: tuple[RuleSettings, ...] = ()
    """Looked at after the shared rules."""
