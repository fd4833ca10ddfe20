"""Open to everybody who is logged in."""

from gateway.api import LOGIN, Allow, Deny, Facts, Policy, Samples, Verdict


class Authenticated(Policy, name="authenticated"):
    """Holds for everybody who is logged in, whatever their rights."""

    def decide(self, facts: Facts) -> Verdict:
        if facts.identity is None:
            return Deny("not-logged-in", LOGIN)
        return Allow("logged-in")

    def samples(self) -> Samples:
        return Samples()
