"""The opposite of a policy."""

from gateway.plugin import NOTHING_HELPS, Allow, Deny, Distinctions, Facts, Policy, Verdict


class Not(Policy, name="not", inline="policy"):
    """Holds when this policy denies.

    Where the policy cannot be judged, for example because nobody is logged in, the request stays refused.
    """

    policy: Policy
    """The policy to negate."""

    def decide(self, facts: Facts) -> Verdict:
        verdict = facts.ask(self.policy)
        if isinstance(verdict, Allow):
            return Deny(f"not-{self.policy.policy_name}", NOTHING_HELPS)
        if isinstance(verdict, Deny):
            return Allow(f"not-{self.policy.policy_name}")
        return verdict

    def distinctions(self) -> Distinctions | None:
        return self.policy.distinctions()
