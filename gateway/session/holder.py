"""Whose session a ticket opened, remembered under the ticket for some days after the session."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from gateway.codec import Codec
from gateway.model import Identity
from gateway.session.one_time import OneTimeStore

REMEMBERED_SECONDS: Final = 72 * 3600.0
"""How long after the longest life of a session its holder is known: over a weekend."""

_KIND: Final = "holder"


@dataclass(frozen=True, slots=True)
class Holder:
    """A person, acting for an organisation or for nobody but themselves."""

    issuer: str
    subject: str
    name: str | None = None
    doelgroep: str | None = None
    organisation: str | None = None
    organisation_name: str | None = None

    @classmethod
    def of(cls, identity: Identity) -> Holder:
        """The holder of a session of this identity."""
        acting_for = identity.organisation
        return cls(
            identity.issuer,
            identity.subject,
            identity.name,
            identity.doelgroep,
            acting_for.code if acting_for is not None else None,
            acting_for.name if acting_for is not None else None,
        )

    @property
    def person(self) -> tuple[str, str]:
        """Who it is, for whatever organisation (OpenID Connect Core section 2: issuer and subject)."""
        return self.issuer, self.subject

    @property
    def acts_for(self) -> tuple[str | None, str | None]:
        """The organisation, and as what."""
        return self.organisation, self.doelgroep


HOLDERS: Final = Codec(Holder)


class Holders:
    """The holders of one environment's tickets. Both methods raise StoreUnavailable."""

    def __init__(self, one_time: OneTimeStore, *, seconds: float) -> None:
        self._one_time = one_time
        self._seconds = seconds

    async def remember(self, ticket: str, identity: Identity) -> None:
        """Write down whose ticket this is. Only the ticket itself opens that."""
        content = json.dumps(HOLDERS.dump(Holder.of(identity)))
        await self._one_time.put(_KIND, ticket, content.encode("ascii"), seconds=self._seconds)

    async def of(self, ticket: str) -> Holder | None:
        """Whose ticket this is or was; None for one that never had a session here, or too long ago."""
        found = await self._one_time.get(_KIND, ticket)
        return HOLDERS.load(json.loads(found)) if found is not None else None
