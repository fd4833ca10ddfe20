"""The opposite of a policy."""

from gateway.api import NO_WAY, Allow, Deny, Facts, Policy, Samples, Verdict


class Not(Policy, name="not", inline="policy"):
    """Holds when this policy does not hold.

    What cannot be judged, for example because nobody is logged in, is not turned round: it stays refused.
    """

    policy: Policy
    """The policy."""

    def decide(self, facts: Facts) -> Verdict:
        verdict = facts.ask(self.policy)
        if isinstance(verdict, Allow):
            return Deny(f"not-{self.policy.policy_name}", NO_WAY)
        if isinstance(verdict, Deny):
            return Allow(f"not-{self.policy.policy_name}")
        return verdict

    def samples(self) -> Samples | None:
        return self.policy.samples()
