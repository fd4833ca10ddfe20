"""The contract of a policy: the facts that it sees, the verdict that it gives, and what it says about itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator

from gateway.model import (
    NOTHING,
    Allow,
    Alternatives,
    Deny,
    Identity,
    Missing,
    NotApplicable,
    PolicyTrace,
    Verdict,
)
from gateway.plugin.distinctions import Distinctions
from gateway.plugin.fact_source import FactSource, Question
from gateway.plugin.load_context import LoadContext, NamedRight, load_context
from gateway.plugin.references import Template
from gateway.plugin.requirements import NOTHING_HELPS
from gateway.settings import Secret

# What helps where a policy needs to know who somebody is and nobody is logged in.
LOGIN: Alternatives = ((Missing(kind="login", remedy="login"),),)
# The verdict where the fact source gave no answer: refused, and `not` does not turn it round.
UNANSWERED = NotApplicable("no-answer", NOTHING_HELPS)


class Facts(NamedTuple):
    """Everything that a policy may look at."""

    method: str
    """The HTTP method, in capitals."""

    host: str
    """The host that the request is for, with its port where it is not the default one."""

    path: str
    """The path in canonical form, decoded, without the query."""

    client: str
    """The client's address in canonical form; empty where it is unknown."""

    now: float
    """The time of the request, in seconds since the epoch."""

    identity: Identity | None = None
    """The person or API client who is logged in; None where nobody is."""

    variables: Mapping[str, str] = NOTHING
    """The values of the variables in the rule's path pattern."""

    sources: Mapping[str, Any] = NOTHING
    """The answers of fact sources, by the name of the question; `answer` finds a policy's own."""

    trace: list[PolicyTrace] | None = None
    """Where `ask` writes down each verdict, for explanations."""

    def ask(self, policy: Policy) -> Verdict:
        """The verdict of a policy on these facts; a policy that consists of others asks its parts through this.

        Raises TypeError where the policy gives anything but a verdict, and whatever the policy raises.
        """
        if self.trace is None:
            return _checked(policy.decide(self))
        parts: list[PolicyTrace] = []
        verdict = _checked(policy.decide(self._replace(trace=parts)))
        self.trace.append(PolicyTrace(policy.policy_name, policy.to_data(), verdict, tuple(parts)))
        return verdict

    def answer(self, policy: Policy) -> Any:
        """What the policy's fact source answered to its question; None where there was no question or no answer."""
        question = policy.question(self)
        return None if question is None else self.sources.get(question.name)


def _checked(verdict: Any) -> Verdict:
    if isinstance(verdict, (Allow, Deny, NotApplicable)):
        return verdict
    raise TypeError(f"decide() gave {type(verdict).__name__} instead of Allow, Deny or NotApplicable")


class Policy(BaseModel):
    """One condition that a rule can require. Its fields are its options; a subclass states its name in the rule file:

        class Doelgroep(Policy, name="doelgroep", inline="codes"): ...

    `inline` names the field that a bare value fills (`doelgroep: [GID, LB]` for `doelgroep: {codes: [GID, LB]}`).
    A policy without required options can be written as its bare name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    policy_name: ClassVar[str] = ""
    policy_inline: ClassVar[str | None] = None
    for_programs: ClassVar[bool] = False
    """Whether it holds for programs with a token: a rule with such a policy has the token of a request judged, even
    beside a session."""

    @classmethod
    def __pydantic_init_subclass__(cls, *, name: str = "", inline: str | None = None, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        cls.policy_name = name
        cls.policy_inline = inline

    def __init_subclass__(cls, *, name: str = "", inline: str | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)

    @model_validator(mode="after")
    def _call_resolve(self, info: ValidationInfo) -> Self:
        self.resolve(load_context(info))
        return self

    def resolve(self, context: LoadContext) -> None:
        """Finish loading, after each option has been checked: check options against one another, and prepare in
        private attributes what `decide` needs. `context` is the rule and its environment.

        Raises ValueError with a message for an operator; UnknownName where a name is not among the known ones.
        """

    @abstractmethod
    def decide(self, facts: Facts) -> Verdict:
        """Judge the facts: pure, without input or output, in microseconds. Any exception denies the request."""
        raise NotImplementedError

    def question(self, facts: Facts) -> Question | None:
        """What a fact source must answer before this policy can decide on these facts; most policies need nothing.

        Pure, and the same for the same facts. `facts.answer(self)` gives the answer to `decide`.
        """
        return None

    def after_waiting(self, answer: Any, until: float) -> Any:
        """What the fact source will surely answer at a later moment, in seconds since the epoch, where it now gives this
        answer; by default the same. Advice to come back later is only given where it helps by this.
        """
        return answer

    def after_steps(self, answer: Any, before: Facts, then: Facts) -> Any:
        """The same for steps that somebody takes: what the source will surely answer about the facts `then`, where it now
        gives this answer about those `before`; by default only waiting counts.
        """
        return self.after_waiting(answer, then.now)

    def fact_source(self) -> FactSource | None:
        """The source that every question of this policy goes to, for `gateway doctor`; None where there is none to check."""
        return None

    def distinctions(self) -> Distinctions | None:
        """The values of facts at which the verdict may change, so that rule sets can be compared exactly.

        None where the policy cannot say; comparisons then report that they are not exact.
        """
        return None

    def claims_read(self) -> tuple[str, ...]:
        """The names of the extra claims that `decide` reads, by default those among the distinctions.

        Validation warns where the configuration does not keep such a claim; decision records contain their values.
        """
        found = self.distinctions()
        return tuple(dict.fromkeys(name for name, _ in found.claims)) if found is not None else ()

    def to_data(self) -> Any:
        """The policy as plain data, as in the rule file: its name, or its name with the options that are not default."""
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
