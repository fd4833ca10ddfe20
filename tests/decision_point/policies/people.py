"""The policies of the fixtures: who somebody is, and whose a thing is."""

from typing import Annotated

from gateway.plugin import (
    LOGIN,
    Allow,
    Deny,
    Distinctions,
    Facts,
    Field,
    NotApplicable,
    Policy,
    TemplateRef,
    Verdict,
)


class Who(Policy, name="who", inline="ids"):
    """Holds for these people, by their ids."""

    ids: Annotated[tuple[str, ...], Field(min_length=1)]
    """The ids."""

    def decide(self, facts: Facts) -> Verdict:
        if facts.identity is None:
            return NotApplicable("not-logged-in", LOGIN)
        return Allow("known") if facts.identity.subject in self.ids else Deny("somebody-else")


class Mine(Policy, name="mine"):
    """Holds for the person whose claim is in the path; without a claim, for whose id is."""

    value: TemplateRef
    """What is compared: {owner}."""

    claim: str = ""
    """The claim that is compared with it."""

    def decide(self, facts: Facts) -> Verdict:
        if facts.identity is None:
            return NotApplicable("not-logged-in", LOGIN)
        claims = facts.identity.claims
        own = claims.get(self.claim) if self.claim else facts.identity.subject
        return Allow("own") if own == self.value.render(facts.variables) else Deny("not-own")

    def distinctions(self) -> Distinctions | None:
        return None
