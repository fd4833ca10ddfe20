"""What operators see of a session, beside the session itself, which only its ticket opens."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from gateway.model import NOTHING, Identity
from gateway.session.codec import Session
from gateway.session.one_time import OneTimeStore

_KIND: Final = "card"  # the name of these entries in the store
_AT_ONCE: Final = 500

PersonNames = Callable[[Identity], Mapping[str, str]]
"""The pseudonyms of a person, by the id of the key that made each; first the one in use."""


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """Whose session it is, by pseudonym, how they logged in, and on which device.

    `persons` has one pseudonym for each key of that moment, `keys` the ids of these keys in the same order. `means` is the
    authentication method (acr).
    """

    persons: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    organisation: str | None = None
    means: str | None = None
    device: str | None = None


class SessionSummaries:
    """The summaries of the sessions of one environment. The other methods raise StoreUnavailable.

    `names` gives, once started, what names a person.
    """

    def __init__(self, one_time: OneTimeStore, names: Callable[[], PersonNames] | None) -> None:
        self._one_time = one_time
        self._make_names = names
        self._names: PersonNames = lambda _identity: NOTHING

    def start(self) -> None:
        """Read the keys of the pseudonyms. Raises ValueError."""
        if self._make_names is not None:
            self.use_names(self._make_names())

    def use_names(self, names: PersonNames) -> None:
        """Name people like this in the summaries of new sessions."""
        self._names = names

    async def keep(self, session: Session, now: float) -> None:
        """Write the summary of a new session, until the session ends at the latest."""
        identity = session.identity
        names = self._names(identity)
        summary = SessionSummary(
            tuple(names.values()),
            tuple(names),
            identity.organisation.code if identity.organisation is not None else None,
            identity.acr,
            session.device,
        )
        content = json.dumps(asdict(summary)).encode("ascii")
        await self._one_time.put(_KIND, session.id, content, seconds=session.expires_at - now)

    async def of(self, sessions: Sequence[str]) -> list[SessionSummary]:
        """The summaries of the sessions with these public ids; an empty one where there is none."""
        found: list[SessionSummary] = []
        for start in range(0, len(sessions), _AT_ONCE):
            several = await self._one_time.get_all(_KIND, sessions[start : start + _AT_ONCE])
            found += [_read(content) if content is not None else SessionSummary() for content in several]
        return found


def _read(content: bytes) -> SessionSummary:
    data = json.loads(content)
    return SessionSummary(**{**data, "persons": tuple(data["persons"]), "keys": tuple(data["keys"])})
