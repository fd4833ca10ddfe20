"""Several policies, all of which must hold."""

from typing import Annotated

from gateway.plugin import (
    NOTHING_MISSING,
    Allow,
    Deny,
    Distinctions,
    Facts,
    Field,
    NotApplicable,
    Policy,
    Verdict,
    all_of,
    combine,
)


class All(Policy, name="all", inline="policies"):
    """Holds when all of these policies hold."""

    policies: Annotated[tuple[Policy, ...], Field(min_length=1)]
    """The policies, as a list."""

    def decide(self, facts: Facts) -> Verdict:
        denied: Deny | None = None
        unclear: NotApplicable | None = None
        alternatives = NOTHING_MISSING
        for policy in self.policies:
            verdict = facts.ask(policy)
            if isinstance(verdict, Allow):
                continue
            alternatives = all_of(alternatives, verdict.alternatives)
            if isinstance(verdict, Deny):
                denied = denied or verdict
            else:
                unclear = unclear or verdict
        if denied is not None:
            return Deny(denied.reason, alternatives)
        if unclear is not None:
            return NotApplicable(unclear.reason, alternatives)
        return Allow("all-hold")

    def distinctions(self) -> Distinctions | None:
        return combine(policy.distinctions() for policy in self.policies)
