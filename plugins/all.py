"""Several policies of which each must hold."""

from typing import Annotated

from gateway.api import OPEN, Allow, Deny, Facts, Field, NotApplicable, Policy, Samples, Verdict, both, joined


class All(Policy, name="all", inline="policies"):
    """Holds when each of these policies holds."""

    policies: Annotated[tuple[Policy, ...], Field(min_length=1)]
    """The policies, as a list."""

    def decide(self, facts: Facts) -> Verdict:
        denied: Deny | None = None
        unclear: NotApplicable | None = None
        ways = OPEN
        for policy in self.policies:
            verdict = facts.ask(policy)
            if isinstance(verdict, Allow):
                continue
            ways = both(ways, verdict.ways)
            if isinstance(verdict, Deny):
                denied = denied or verdict
            else:
                unclear = unclear or verdict
        if denied is not None:
            return Deny(denied.reason, ways)
        if unclear is not None:
            return NotApplicable(unclear.reason, ways)
        return Allow("all-hold")

    def samples(self) -> Samples | None:
        return joined(policy.samples() for policy in self.policies)
