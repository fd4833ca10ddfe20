"""A person as described in the configuration or in a file, for explaining and testing rules without a login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from gateway.auth.claims import identity_from
from gateway.auth.settings import ClaimSettings, RightsSettings
from gateway.model import Identity, Organisation, Right
from gateway.plugin import NamedRight, UnknownName
from gateway.settings import Settings

_CLAIMS: Final = ClaimSettings()
_ROLES: Final = RightsSettings()


class Person(Settings):
    """A person to try rules with."""

    acm: Annotated[dict[str, Any], Field(min_length=1)] | None = None
    """Instead of all other keys: the claims as ACM sends them, read as those of a login are."""

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

    bound: bool = False
    """Whether the session is bound to a key of the browser (`session.bound`)."""

    kind: Literal["person", "machine"] = "person"
    """Whether it is a person or an API client."""

    scopes: tuple[str, ...] = ()
    """Scopes of an API client."""

    audiences: tuple[str, ...] = ()
    """The audiences of an API client's token."""

    claims: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Further claims."""

    @model_validator(mode="after")
    def _claims_alone(self) -> Self:
        if self.acm is not None and len(self.model_fields_set) > 1:
            raise ValueError("`acm` is all that ACM sends: put everything in it, or leave it out")
        return self

    def identity(
        self,
        rights: Mapping[str, NamedRight],
        issuer: str,
        claims: ClaimSettings = _CLAIMS,
        roles: RightsSettings = _ROLES,
    ) -> Identity:
        """This person as an identity; `claims` and `roles` say how those under `acm` are read.

        Raises UnknownName for a right that is neither a configured name nor in ACM's form.
        """
        if self.acm is not None:
            sent = {"sub": self.subject, **self.acm, "iss": issuer}
            moment = sent.get("auth_time")
            return identity_from(
                sent, claims, roles, now=float(moment) if isinstance(moment, (int, float)) else 0.0
            )
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
            bound=self.bound,
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
