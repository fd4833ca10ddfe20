"""The organisation that somebody works for, by the domain of the e-mail address that the provider reports."""

from typing import Annotated

from gateway.plugin import LOGIN, Allow, Deny, Facts, Field, Missing, NotApplicable, Policy, Verdict


class EmailDomain(Policy, name="email-domain", inline="any_of"):
    """Holds when the work e-mail address is in one of these domains; subdomains do not count."""

    any_of: Annotated[tuple[str, ...], Field(min_length=1)]
    """Domains in lower case, such as `ovam.be`."""

    def decide(self, facts: Facts) -> Verdict:
        if facts.identity is None:
            return NotApplicable("not-logged-in", LOGIN)
        domain = (facts.identity.email or "").rpartition("@")[2].lower()
        if domain in self.any_of:
            return Allow("domain-fits")
        missing = Missing(kind="other", remedy="switch", detail=f"e-mail @{' or @'.join(self.any_of)}")
        return Deny("other-domain", ((missing,),))
