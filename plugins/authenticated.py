"""Open to everybody who is logged in."""

from gateway.plugin import LOGIN, Allow, Deny, Distinctions, Facts, Policy, Verdict


class Authenticated(Policy, name="authenticated"):
    """Holds for everybody who is logged in, whatever their rights."""

    def decide(self, facts: Facts) -> Verdict:
        if facts.identity is None:
            return Deny("not-logged-in", LOGIN)
        return Allow("logged-in")

    def distinctions(self) -> Distinctions:
        return Distinctions()
