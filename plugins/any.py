"""Several policies of which one is enough."""

from typing import Annotated

from gateway.api import (
    NO_WAY,
    Allow,
    Deny,
    Facts,
    Field,
    NotApplicable,
    Policy,
    Samples,
    Verdict,
    either,
    joined,
)


class Any(Policy, name="any", inline="policies"):
    """Holds when at least one of these policies holds."""

    policies: Annotated[tuple[Policy, ...], Field(min_length=1)]
    """The policies, as a list."""

    def decide(self, facts: Facts) -> Verdict:
        denied: Deny | None = None
        unclear: NotApplicable | None = None
        ways = NO_WAY
        for policy in self.policies:
            verdict = facts.ask(policy)
            if isinstance(verdict, Allow):
                return verdict
            ways = either(ways, verdict.ways)
            if isinstance(verdict, NotApplicable):
                unclear = unclear or verdict
            else:
                denied = denied or verdict
        if unclear is not None:
            return NotApplicable(unclear.reason, ways)
        assert denied is not None
        return Deny(denied.reason, ways)

    def samples(self) -> Samples | None:
        return joined(policy.samples() for policy in self.policies)
