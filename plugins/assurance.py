"""How strongly somebody logged in: by one of these means, or by one of a level or more."""

from typing import Annotated, Self

from pydantic import PrivateAttr, ValidationInfo, model_validator

from gateway.plugin import (
    LOGIN,
    NOTHING_HELPS,
    Allow,
    Deny,
    Distinctions,
    Facts,
    Field,
    Missing,
    NotApplicable,
    Policy,
    UnknownName,
    Verdict,
)


class Assurance(Policy, name="assurance"):
    """Holds when the person logged in by one of these means, or by one of this level or more.

    Whoever logged in by something weaker, or by something that the provider did not name, is asked to log in again.
    """

    any_of: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Means, as URN or by their last word: `[itsme, eid]`."""

    level: Annotated[int, Field(ge=1, strict=True)] | None = None
    """The lowest level that is enough, on ACM's scale (25 is eIDAS substantial, 27 itsme, 35 eID)."""

    _accepted: tuple[str, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _resolved(self, info: ValidationInfo) -> Self:
        levels = (info.context or {}).get("levels", {})
        if (self.any_of is None) == (self.level is None):
            raise ValueError("give either any_of or level")
        if self.level is not None:
            enough = sorted((-level, urn) for urn, level in levels.items() if level >= self.level)
            self._accepted = tuple(urn for _, urn in enough)
            if not enough:
                raise ValueError(f"no way to log in reaches level {self.level}")
        short = {urn.rpartition(":")[2]: urn for urn in levels}
        for name in self.any_of or ():
            if name not in levels and name not in short:
                raise UnknownName("way to log in", name, (*short, *levels))
            self._accepted += (name if name in levels else short[name],)
        return self

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
