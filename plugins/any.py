"""Several policies, one of which must hold."""

from typing import Annotated

from gateway.plugin import (
    Allow,
    Alternatives,
    Deny,
    Distinctions,
    Facts,
    Field,
    NotApplicable,
    Policy,
    Verdict,
    any_of,
    combine,
)


class Any(Policy, name="any", inline="policies"):
    """Holds when at least one of these policies holds."""

    policies: Annotated[tuple[Policy, ...], Field(min_length=1)]
    """The policies, as a list."""

    def decide(self, facts: Facts) -> Verdict:
        denied: Deny | None = None
        unclear: NotApplicable | None = None
        lacking: list[Alternatives] = []
        for policy in self.policies:
            verdict = facts.ask(policy)
            if isinstance(verdict, Allow):
                return verdict
            lacking.append(verdict.alternatives)
            if isinstance(verdict, NotApplicable):
                unclear = unclear or verdict
            else:
                denied = denied or verdict
        alternatives = any_of(*lacking)
        if unclear is not None:
            return NotApplicable(unclear.reason, alternatives)
        assert denied is not None
        return Deny(denied.reason, alternatives)

    def distinctions(self) -> Distinctions | None:
        return combine(policy.distinctions() for policy in self.policies)
