"""Open to everybody, without logging in."""

from gateway.plugin import Allow, Distinctions, Facts, Policy, Verdict


class Anyone(Policy, name="anyone"):
    """Always holds, logged in or not."""

    def decide(self, facts: Facts) -> Verdict:
        return Allow("open-to-anyone")

    def distinctions(self) -> Distinctions:
        return Distinctions()
