"""How somebody logged in: with an accepted authentication method, one of at least a level, in a browser with a key."""

from typing import Annotated, Literal

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
    """Holds when the person logged in with one of these authentication methods, or with one of at least this level, and
    where `bound` asks for it, when the browser bound the session to a key that never leaves its device.

    Somebody who logged in with a weaker method, or one that the provider did not name, is asked to log in again.
    """

    any_of: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Authentication methods, by URN or by the last part of it: `[itsme, eid]`."""

    level: Annotated[int, Field(ge=1, strict=True)] | None = None
    """The lowest sufficient level, on ACM's scale (25 is eIDAS substantial, 27 itsme, 35 eID)."""

    bound: Literal[True] | None = None
    """Whether the session must be bound to a key of the browser (`session.bound` of the environment), so that a stolen
    cookie is worthless: by itself, or beside one of the others."""

    _accepted: tuple[str, ...] = PrivateAttr(default=())

    def resolve(self, context: LoadContext) -> None:
        levels = context.levels
        if self.any_of is not None and self.level is not None:
            raise ValueError("give either any_of or level")
        if self.any_of is None and self.level is None and self.bound is None:
            raise ValueError("give any_of, level or bound")
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
        if identity.kind == "machine":
            return Deny("machine-has-no-means", NOTHING_HELPS)
        weak = bool(self._accepted) and identity.acr not in self._accepted
        unbound = self.bound is not None and not identity.bound
        if not weak and not unbound:
            return Allow("strong-enough")
        means = (Missing(kind="assurance", remedy="step_up", acr_values=self._accepted),) if weak else ()
        alternatives = ((*means, *((Missing(kind="binding", remedy="none"),) if unbound else ())),)
        if weak and identity.acr is None:
            return NotApplicable("means-unknown", alternatives)
        return Deny("means-too-weak" if weak else "not-bound", alternatives)

    def distinctions(self) -> Distinctions:
        bindings = (True,) if self.bound is not None else ()
        return Distinctions(acrs=self._accepted, kinds=("machine",), bindings=bindings)
