"""How somebody logged in: with an accepted authentication method, or with one of at least a level."""

from typing import Annotated

from pydantic import PrivateAttr

from gateway.plugin import (
    LOGIN,
    NOTHING_HELPS,
    Allow,
    Deny,
    Distinctions,
    Facts,
    Field,
    LoadContext,
    Missing,
    NotApplicable,
    Policy,
    UnknownName,
    Verdict,
)


class Assurance(Policy, name="assurance"):
    """Holds when the person logged in with one of these authentication methods, or with one of at least this level.

    Somebody who logged in with a weaker method, or one that the provider did not name, is asked to log in again.
    """

    any_of: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Authentication methods, by URN or by the last part of it: `[itsme, eid]`."""

    level: Annotated[int, Field(ge=1, strict=True)] | None = None
    """The lowest sufficient level, on ACM's scale (25 is eIDAS substantial, 27 itsme, 35 eID)."""

    _accepted: tuple[str, ...] = PrivateAttr(default=())

    def resolve(self, context: LoadContext) -> None:
        levels = context.levels
        if (self.any_of is None) == (self.level is None):
            raise ValueError("give either any_of or level")
        if self.level is not None:
            enough = sorted((-level, urn) for urn, level in levels.items() if level >= self.level)
            self._accepted = tuple(urn for _, urn in enough)
            if not enough:
                raise ValueError(f"no authentication method reaches level {self.level}")
        short = {urn.rpartition(":")[2]: urn for urn in levels}
        for name in self.any_of or ():
            if name not in levels and name not in short:
                raise UnknownName("authentication method", name, (*short, *levels))
            self._accepted += (name if name in levels else short[name],)

    def decide(self, facts: Facts) -> Verdict:
        identity = facts.identity
        if identity is None:
            return NotApplicable("not-logged-in", LOGIN)
        if identity.acr in self._accepted:
            return Allow("strong-enough")
        if identity.kind == "machine":
            return Deny("machine-has-no-means", NOTHING_HELPS)
        alternatives = ((Missing(kind="assurance", remedy="step_up", acr_values=self._accepted),),)
        if identity.acr is None:
            return NotApplicable("means-unknown", alternatives)
        return Deny("means-too-weak", alternatives)

    def distinctions(self) -> Distinctions:
        return Distinctions(acrs=self._accepted, kinds=("machine",))
