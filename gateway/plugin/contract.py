"""The door for policy modules: what a plugin may import, and nothing else of the gateway.

A policy is a frozen model whose fields are its options, with a name and one pure method:

    class Doelgroep(Policy, name="doelgroep"):
        \"\"\"Holds when the session acts in one of these doelgroepen.\"\"\"

        any_of: tuple[str, ...]
        \"\"\"Codes as ACM sends them: GID, EA, LB, OV, BUR.\"\"\"

        def decide(self, facts: Facts) -> Verdict: ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema

from gateway.model import (
    NOTHING,
    Allow,
    Alternatives,
    Deny,
    Identity,
    Missing,
    NotApplicable,
    Organisation,
    PolicyTrace,
    Right,
    Verdict,
)
from gateway.plugin.distinctions import Distinctions, combine
from gateway.plugin.opening_hours import Opening, parse_days, parse_span
from gateway.plugin.requirements import NOTHING_HELPS, NOTHING_MISSING, all_of, any_of
from gateway.settings import Duration, Secret, SecretRef, SharedStore

__all__ = [
    "LOGIN",
    "NOTHING_HELPS",
    "NOTHING_MISSING",
    "UNANSWERED",
    "Allow",
    "Alternatives",
    "Deny",
    "Distinctions",
    "Duration",
    "FactClient",
    "FactSource",
    "Facts",
    "Field",
    "Identity",
    "Missing",
    "NamedRight",
    "NotApplicable",
    "Opening",
    "Organisation",
    "Policy",
    "Question",
    "Right",
    "RightRef",
    "Secret",
    "SecretRef",
    "SharedStore",
    "Template",
    "TemplateRef",
    "UnknownName",
    "Verdict",
    "all_of",
    "any_of",
    "combine",
    "parse_days",
    "parse_span",
]


def _nothing() -> Mapping[str, Any]:
    return NOTHING


# What a policy answers with when it needs to know who somebody is and nobody is logged in.
LOGIN: Alternatives = ((Missing(kind="login", remedy="login"),),)
# What a policy answers with when its fact source gave no answer: refused, and not turned round by `not`.
UNANSWERED = NotApplicable("no-answer", NOTHING_HELPS)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a policy may look at. `variables` are the parts of the path that the rule's pattern named.

    `now` is in seconds since the epoch, `client` the client's address in canonical form.
    """

    method: str
    host: str
    path: str
    client: str
    now: float
    identity: Identity | None = None
    variables: Mapping[str, str] = field(default_factory=_nothing)
    sources: Mapping[str, Any] = field(default_factory=_nothing)
    trace: list[PolicyTrace] | None = None

    def ask(self, policy: Policy) -> Verdict:
        """The verdict of a policy on these facts; policies made of others ask their parts in this way.

        Raises TypeError where the policy gives anything but a verdict, and whatever the policy raises.
        """
        if self.trace is None:
            return _checked(policy.decide(self))
        parts: list[PolicyTrace] = []
        verdict = _checked(policy.decide(replace(self, trace=parts)))
        self.trace.append(PolicyTrace(policy.policy_name, policy.to_data(), verdict, tuple(parts)))
        return verdict

    def answer(self, policy: Policy) -> Any:
        """What the policy's fact source answered to its question; None where there was no question or no answer."""
        question = policy.question(self)
        return None if question is None else self.sources.get(question.name)


class FactClient(ABC):
    """An open fact source: it may hold connections, in the worker process that opened it."""

    @abstractmethod
    async def ask(self, about: Hashable) -> Any:
        """The answer as plain data (it goes into decision records), never None. What it raises denies."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close what is open."""


class FactSource(ABC):
    """Where a policy's facts come from that need input or output: a frozen value, its settings.

    Sources that are equal are one source: they share connections and answers, also across a reload of the rules.
    `timeout` bounds one question in seconds, its turn included; `fresh` is how many seconds an answer may be used
    again (0: every request asks); `at_once` is how many questions may be under way at the same time.
    """

    timeout: float = 1.0
    cache_ttl: float = 0.0
    max_concurrency: int = 64

    @abstractmethod
    def connect(self) -> FactClient:
        """The source, ready to be asked; it may read secrets and certificates (in a thread), but connects nothing yet."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a policy wants to know before the decision. `name` is where the answer stands among the facts.

    Questions about equal things to one source are asked once while the answer is fresh.
    """

    name: str
    source: FactSource
    about: Hashable = None


def _checked(verdict: Any) -> Verdict:
    if isinstance(verdict, (Allow, Deny, NotApplicable)):
        return verdict
    raise TypeError(f"decide() gave {type(verdict).__name__} instead of Allow, Deny or NotApplicable")


class Policy(BaseModel):
    """One condition that a rule can require. `name` is its word in the rule file.

    `inline` names the field that the value itself fills where it is no mapping of options
    (`all: [...]`, `not: {...}`); a policy without required options can be written as its bare name.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, arbitrary_types_allowed=True
    )

    policy_name: ClassVar[str] = ""
    policy_inline: ClassVar[str | None] = None

    @classmethod
    def __pydantic_init_subclass__(cls, *, name: str = "", inline: str | None = None, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        cls.policy_name = name
        cls.policy_inline = inline

    def __init_subclass__(cls, *, name: str = "", inline: str | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)

    @abstractmethod
    def decide(self, facts: Facts) -> Verdict:
        """Judge the facts: pure, without input or output, in microseconds. What it raises denies the request."""
        raise NotImplementedError

    def distinctions(self) -> Distinctions | None:
        """The values of facts between which this policy tells apart, so that rule sets can be compared exactly.

        None where it cannot say; a comparison then says of the rule that it is not exact.
        """
        return None

    def question(self, facts: Facts) -> Question | None:
        """What a fact source must answer before this policy can decide on these facts; most policies need none.

        Pure, and the same for the same facts. `facts.answer(self)` gives the answer to `decide`.
        """
        return None

    def to_data(self) -> Any:
        """This policy as plain data: its name, or its name with the options that are not the default ones."""
        options: dict[str, Any] = {}
        for name, info in type(self).model_fields.items():
            value = _plain(getattr(self, name))
            if value != _plain(info.default):
                options[info.alias or name] = value
        if not options:
            return self.policy_name
        inline = self.policy_inline
        if inline is not None and set(options) == {inline}:
            return {self.policy_name: options[inline]}
        return {self.policy_name: options}


def _plain(value: Any) -> Any:
    match value:
        case Policy():
            plain = value.to_data()
        case Secret():
            plain = value.reference
        case NamedRight():
            plain = f"{value.right}-{value.context}" if value.context is not None else value.right
        case Template():
            plain = value.text
        case list() | tuple():
            plain = [_plain(item) for item in value]
        case set() | frozenset():
            plain = sorted((_plain(item) for item in value), key=str)
        case Mapping():
            plain = {str(key): _plain(item) for key, item in value.items()}
        case None | str() | int() | float():
            plain = value
        case _:
            plain = str(value)
    return plain


@dataclass(frozen=True, slots=True)
class NamedRight:
    """An entry of `rights:` in the configuration: the technical codes, what people call it, who grants it."""

    key: str
    right: str
    context: str | None
    label: Mapping[str, str] = field(default_factory=_nothing)
    granted_by: Mapping[str, str] = field(default_factory=_nothing)
    contact: Mapping[str, str] = field(default_factory=_nothing)


def _named_right(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, NamedRight):
        return value
    known: Mapping[str, NamedRight] = (info.context or {}).get("rights", NOTHING)
    if not isinstance(value, str) or value not in known:
        raise UnknownName("right", value, tuple(known))
    return known[value]


class UnknownName(ValueError):
    """A name that the configuration does not define; the loader adds the nearest known one."""

    def __init__(self, what: str, name: object, known: tuple[str, ...]) -> None:
        self.what = what
        self.name = name
        self.known = known
        super().__init__(f"unknown {what} {name!r}")


# A field that names an entry of `rights:`; it is resolved when the configuration is loaded.
RightRef = Annotated[NamedRight, BeforeValidator(_named_right), WithJsonSchema({"type": "string"})]


@dataclass(frozen=True, slots=True)
class Template:
    """A text that may hold {variables} of the rule's path pattern; `text` is how it was written."""

    text: str
    parts: tuple[tuple[str, str | None], ...]

    def render(self, variables: Mapping[str, str]) -> str:
        """The text with each variable's value; raises KeyError for a variable that the path does not have."""
        return "".join(text + (variables[name] if name is not None else "") for text, name in self.parts)


def _template(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Template):
        return value
    if not isinstance(value, str):
        raise ValueError("write a text between quotes")
    known: tuple[str, ...] = tuple((info.context or {}).get("variables", ()))
    parts: list[tuple[str, str | None]] = []
    rest = value
    while rest:
        text, opened, after = rest.partition("{")
        if not opened:
            parts.append((text, None))
            break
        name, closed, rest = after.partition("}")
        if not closed:
            raise ValueError(f"{value!r} opens a {{ that it does not close")
        if name not in known:
            raise UnknownName("path variable", name, known)
        parts.append((text, name))
    return Template(value, tuple(parts))


# A field whose text may hold {variables} of the path; checked against the pattern at load.
TemplateRef = Annotated[Template, BeforeValidator(_template), WithJsonSchema({"type": "string"})]
