"""What operators see of a session, beside the session itself, which only its ticket opens."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from gateway.model import Identity
from gateway.session.codec import Session
from gateway.session.one_time import OneTimeStore

_KIND: Final = "card"

PersonNames = Callable[[Identity], Sequence[str]]
"""The pseudonyms of a person, one for each key that is read, the newest first."""


@dataclass(frozen=True, slots=True)
class Card:
    """Whose session it is, by pseudonym (`persons`, one for each key of that moment), by which means (`acr`), on what."""

    persons: tuple[str, ...] = ()
    organisation: str | None = None
    means: str | None = None
    device: str | None = None


class Cards:
    """The cards of the sessions of one environment. The other methods raise StoreUnavailable.

    `names` gives, once started, what names a person.
    """

    def __init__(self, one_time: OneTimeStore, names: Callable[[], PersonNames] | None) -> None:
        self._one_time = one_time
        self._make_names = names
        self._names: PersonNames = lambda _identity: ()

    def start(self) -> None:
        """Read the keys of the pseudonyms. Raises ValueError."""
        if self._make_names is not None:
            self._names = self._make_names()

    async def keep(self, session: Session, now: float) -> None:
        """Write the card of a new session, until the session ends at the latest."""
        identity = session.identity
        card = Card(
            tuple(self._names(identity)),
            identity.organisation.code if identity.organisation is not None else None,
            identity.acr,
            session.device,
        )
        content = json.dumps(asdict(card)).encode("ascii")
        await self._one_time.put(_KIND, session.id, content, seconds=session.expires_at - now)

    async def of(self, session: str) -> Card:
        """The card of the session with this public id; an empty one where there is none."""
        found = await self._one_time.get(_KIND, session)
        if found is None:
            return Card()
        data = json.loads(found)
        return Card(tuple(data["persons"]), data["organisation"], data["means"], data["device"])
