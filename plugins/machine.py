"""API clients: programs with a bearer token."""

from typing import Annotated, ClassVar

from gateway.plugin import (
    LOGIN,
    Allow,
    Deny,
    Distinctions,
    Facts,
    Field,
    Missing,
    NotApplicable,
    Policy,
    Verdict,
)


class Machine(Policy, name="machine"):
    """Holds for an API client whose token has all of these scopes, for one of these organisations.

    It never holds for a person.
    """

    for_programs: ClassVar[bool] = True

    scopes: tuple[str, ...] = ()
    """Scopes, all of which the token must have."""

    audience: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Audiences, one of which the token must be for. The default is every audience that the gateway accepts."""

    organisation: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Codes of organisations, one of which the client must act for. The default is any organisation."""

    def decide(self, facts: Facts) -> Verdict:
        identity = facts.identity
        if identity is None:
            return NotApplicable("not-logged-in", LOGIN)
        if identity.kind != "machine":
            return Deny("not-a-machine")
        if self.audience is not None and not set(self.audience) & set(identity.audiences):
            return Deny("other-audience")
        code = identity.organisation.code if identity.organisation else None
        if self.organisation is not None and code not in self.organisation:
            wanted = ", ".join(self.organisation)
            return Deny(
                "other-organisation", ((Missing(kind="organisation", remedy="none", organisation=wanted),),)
            )
        lacking = [scope for scope in self.scopes if scope not in identity.scopes]
        if lacking:
            missing = Missing(kind="scope", remedy="grant", detail=" ".join(lacking))
            return Deny("scope-missing", ((missing,),))
        return Allow("machine-fits")

    def distinctions(self) -> Distinctions:
        return Distinctions(
            kinds=("machine",),
            scopes=self.scopes,
            audiences=self.audience or (),
            organisations=self.organisation or (),
        )
