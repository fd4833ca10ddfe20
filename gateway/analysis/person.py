"""A person as described in the configuration or in a file, for explaining and testing rules without a login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.model import Identity, Organisation, Right
from gateway.plugin import NamedRight, UnknownName
from gateway.settings import Settings


class Person(Settings):
    """A person to try rules with."""

    subject: str = "somebody"
    """The person's id at the provider."""

    given_name: str | None = None
    """First name."""

    family_name: str | None = None
    """Surname."""

    doelgroep: str | None = None
    """GID, EA, LB, OV or BUR."""

    organisation: str | None = None
    """The code of the organisation that the person acts for."""

    organisation_name: str | None = None
    """Its name."""

    rights: tuple[str, ...] = ()
    """Names of entries under `rights:` (held for the organisation), or Right-Context:Organisation as ACM sends it."""

    acr: str | None = None
    """The authentication method (acr), as the provider states it."""

    kind: Literal["person", "machine"] = "person"
    """Whether it is a person or an API client."""

    scopes: tuple[str, ...] = ()
    """Scopes of an API client."""

    audiences: tuple[str, ...] = ()
    """The audiences of an API client's token."""

    claims: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Further claims."""

    def identity(self, rights: Mapping[str, NamedRight], issuer: str) -> Identity:
        """This person as an identity. Raises UnknownName for a right that is neither a configured name nor in ACM's form."""
        return Identity(
            issuer=issuer,
            subject=self.subject,
            given_name=self.given_name,
            family_name=self.family_name,
            doelgroep=self.doelgroep,
            organisation=Organisation(self.organisation, self.organisation_name)
            if self.organisation
            else None,
            rights=tuple(self._right(text, rights) for text in self.rights),
            acr=self.acr,
            kind=self.kind,
            scopes=self.scopes,
            audiences=self.audiences,
            claims=self.claims,
        )

    def _right(self, text: str, rights: Mapping[str, NamedRight]) -> Right:
        named = rights.get(text)
        if named is not None:
            return Right(named.right, named.context, self.organisation or "")
        role, colon, organisation = text.rpartition(":")
        if not colon:
            raise UnknownName("right", text, tuple(rights))
        name, hyphen, context = role.partition("-")
        return Right(name, context if hyphen else None, organisation)
