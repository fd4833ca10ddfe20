"""What the provider says about a person beyond the usual: one of the extra claims."""

from typing import Annotated, Any, Self

from pydantic import StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

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

Value = StrictBool | StrictInt | StrictFloat | StrictStr


class Claim(Policy, name="claim"):
    """Holds when a claim has this value. Values are equal when their kinds are: 1 is neither "1" nor true.

    Only claims that are kept under `identity: {claims: {extra: [...]}}` can be seen; one that is not there denies,
    also under `not`; whether it is there is what `exists` asks.
    """

    name: Annotated[str, Field(min_length=1)]
    """The name of the claim, letter for letter."""

    equals: Value | None = None
    """The value that it must have."""

    any_of: Annotated[tuple[Value, ...], Field(min_length=1)] | None = None
    """The values of which it must have one."""

    contains: Value | None = None
    """The value that must be among those of a claim that is a list."""

    exists: StrictBool | None = None
    """Whether the claim must be there (true) or must not be there (false)."""

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        asked = (self.equals, self.any_of, self.contains, self.exists)
        if sum(each is not None for each in asked) != 1:
            raise ValueError("give exactly one of equals, any_of, contains and exists")
        return self

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
