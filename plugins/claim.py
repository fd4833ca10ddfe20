"""The value of an extra claim: what the provider says about a person besides name, organisation and rights."""

from typing import Annotated, Any

from pydantic import StrictBool, StrictFloat, StrictInt, StrictStr

from gateway.plugin import (
    LOGIN,
    Allow,
    Deny,
    Distinctions,
    Facts,
    Field,
    LoadContext,
    Missing,
    NotApplicable,
    Policy,
    Verdict,
)

Value = StrictBool | StrictInt | StrictFloat | StrictStr


class Claim(Policy, name="claim"):
    """Holds when a claim has this value. Types count: 1 is neither "1" nor true.

    Only claims that `identity: {claims: {extra: [...]}}` keeps can be used. A claim that the person does not have
    denies, also under `not`; `exists` tests whether the person has it.
    """

    name: Annotated[str, Field(min_length=1)]
    """The exact name of the claim."""

    equals: Value | None = None
    """The value that it must have."""

    any_of: Annotated[tuple[Value, ...], Field(min_length=1)] | None = None
    """Values, one of which it must have."""

    contains: Value | None = None
    """A value that must be in the claim, which is a list."""

    exists: StrictBool | None = None
    """Whether the person must have the claim (true) or must not have it (false)."""

    def resolve(self, context: LoadContext) -> None:
        asked = (self.equals, self.any_of, self.contains, self.exists)
        if sum(each is not None for each in asked) != 1:
            raise ValueError("give exactly one of equals, any_of, contains and exists")

    def decide(self, facts: Facts) -> Verdict:
        identity = facts.identity
        if identity is None:
            return NotApplicable("not-logged-in", LOGIN)
        found = identity.claims.get(self.name)
        missing = ((Missing(kind="claim", remedy="none", detail=self.name),),)
        if self.exists is not None:
            return (
                Allow("claim-fits") if (found is not None) is self.exists else Deny("claim-differs", missing)
            )
        if found is None:
            return NotApplicable("claim-absent", missing)
        return Allow("claim-fits") if self._holds(found) else Deny("claim-differs", missing)

    def _holds(self, found: Any) -> bool:
        if self.contains is not None:
            return isinstance(found, (list, tuple)) and any(_same(each, self.contains) for each in found)
        return any(_same(found, each) for each in self.any_of or (self.equals,))

    def distinctions(self) -> Distinctions:
        if self.contains is not None:
            return Distinctions(claims=((self.name, (self.contains,)),))
        values: tuple[Any, ...] = self.any_of or ((self.equals,) if self.equals is not None else (True,))
        return Distinctions(claims=tuple((self.name, value) for value in values))


def _same(found: Any, wanted: Any) -> bool:
    return type(found) is type(wanted) and found == wanted
