"""The organisation that a session acts for: one of a list, one in a doelgroep, or the one in the path."""

from typing import Annotated

from gateway.plugin import (
    LOGIN,
    NOTHING_MISSING,
    Allow,
    Deny,
    Distinctions,
    Facts,
    Field,
    LoadContext,
    Missing,
    NotApplicable,
    Policy,
    TemplateRef,
    Verdict,
    all_of,
)

Codes = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class Organisation(Policy, name="organisation"):
    """Holds when the session acts for one of these organisations, within one of these doelgroepen.

    Every option that is given must hold. `equals: "{kbo}"` means the organisation in the path, so that people only
    reach what belongs to their own organisation.
    """

    any_of: Codes | None = None
    """Codes of organisations, in quotes: KBO numbers of 10 digits without dots, or OVO codes."""

    doelgroep: Codes | None = None
    """Doelgroepen as ACM sends them: GID (Flemish government), EA (company or association), LB (local authority), OV
    (education), BUR (citizen), VER (de facto association)."""

    equals: TemplateRef | None = None
    """A text that must equal the organisation's code; {name} is replaced by that variable of the path."""

    def resolve(self, context: LoadContext) -> None:
        if self.any_of is None and self.doelgroep is None and self.equals is None:
            raise ValueError("give at least one of any_of, doelgroep and equals")

    def decide(self, facts: Facts) -> Verdict:
        identity = facts.identity
        if identity is None:
            return NotApplicable("not-logged-in", LOGIN)
        code = identity.organisation.code if identity.organisation else None
        alternatives = NOTHING_MISSING
        if self.equals is not None and code != (wanted := self.equals.render(facts.variables)):
            alternatives = all_of(
                alternatives, ((Missing(kind="organisation", remedy="switch", organisation=wanted),),)
            )
        if self.any_of is not None and code not in self.any_of:
            wanted = ", ".join(self.any_of)
            alternatives = all_of(
                alternatives, ((Missing(kind="organisation", remedy="switch", organisation=wanted),),)
            )
        if self.doelgroep is not None and identity.doelgroep not in self.doelgroep:
            wanted = ", ".join(self.doelgroep)
            alternatives = all_of(
                alternatives, ((Missing(kind="doelgroep", remedy="switch", detail=wanted),),)
            )
        return (
            Allow("organisation-fits")
            if alternatives == NOTHING_MISSING
            else Deny("other-organisation", alternatives)
        )

    def distinctions(self) -> Distinctions:
        return Distinctions(organisations=self.any_of or (), doelgroepen=self.doelgroep or ())
