"""A right in a context, for the organisation that the session acts for: the role and context rule."""

from gateway.plugin import (
    LOGIN,
    Allow,
    Deny,
    Distinctions,
    Facts,
    Missing,
    NotApplicable,
    Policy,
    RightRef,
    Verdict,
)


class Right(Policy, name="right"):
    """Holds when the person has this right, in this context, for the organisation that the session acts for.

    All three must match exactly. A refusal says who grants the right, or, where the person has it for another
    of their organisations, to switch to that one.
    """

    right: RightRef
    """The name of an entry under `rights:`."""

    def decide(self, facts: Facts) -> Verdict:
        identity = facts.identity
        if identity is None:
            return NotApplicable("not-logged-in", LOGIN)
        wanted = self.right
        organisation = identity.organisation.code if identity.organisation else None
        elsewhere: str | None = None
        for held in identity.rights:
            if held.name == wanted.right and held.context == wanted.context:
                if organisation is not None and held.organisation == organisation:
                    return Allow("has-right")
                elsewhere = elsewhere or held.organisation
        missing = Missing(
            kind="right",
            remedy="switch" if elsewhere else "grant",
            right=wanted.right,
            context=wanted.context,
            organisation=organisation,
            detail=elsewhere,
            label=wanted.label,
            granted_by=wanted.granted_by,
            contact=wanted.contact,
        )
        return Deny("right-for-another-organisation" if elsewhere else "right-missing", ((missing,),))

    def distinctions(self) -> Distinctions:
        return Distinctions(rights=((self.right.right, self.right.context),))
