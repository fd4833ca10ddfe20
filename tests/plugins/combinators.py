"""Policies with a known verdict, to combine."""

from __future__ import annotations

from gateway.plugin import Allow, Deny, Distinctions, Facts, Missing, NotApplicable, Policy, Verdict


class Yes(Policy, name="yes"):
    """Holds."""

    def decide(self, facts: Facts) -> Verdict:
        return Allow("yes")

    def distinctions(self) -> Distinctions:
        return Distinctions(acrs=("yes",))


class No(Policy, name="no"):
    """Does not hold."""

    what: str = "no"
    """What is missing."""

    def decide(self, facts: Facts) -> Verdict:
        return Deny(self.what, ((Missing(kind="other", remedy="none", detail=self.what),),))

    def distinctions(self) -> Distinctions:
        return Distinctions(acrs=("no",))


class Unclear(Policy, name="unclear"):
    """Cannot be judged."""

    def decide(self, facts: Facts) -> Verdict:
        return NotApplicable("unclear", ((Missing(kind="login", remedy="login"),),))


KNOWN = (Yes, No, Unclear)
