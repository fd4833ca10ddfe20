"""Policies with a known verdict, to combine."""

from __future__ import annotations

from gateway.api import Allow, Deny, Facts, Missing, NotApplicable, Policy, Samples, Verdict


class Yes(Policy, name="yes"):
    """Holds."""

    def decide(self, facts: Facts) -> Verdict:
        return Allow("yes")

    def samples(self) -> Samples:
        return Samples(acrs=("yes",))


class No(Policy, name="no"):
    """Does not hold."""

    what: str = "no"
    """What is missing."""

    def decide(self, facts: Facts) -> Verdict:
        return Deny(self.what, ((Missing(kind="other", remedy="none", detail=self.what),),))

    def samples(self) -> Samples:
        return Samples(acrs=("no",))


class Unclear(Policy, name="unclear"):
    """Cannot be judged."""

    def decide(self, facts: Facts) -> Verdict:
        return NotApplicable("unclear", ((Missing(kind="login", remedy="login"),),))


KNOWN = (Yes, No, Unclear)
