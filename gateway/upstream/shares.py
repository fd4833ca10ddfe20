"""How many connections to the register each client and each session uses, so that none of them uses all."""

from __future__ import annotations

from typing import Final, NamedTuple

_LEAST: Final = 8


class Party(NamedTuple):
    """Whose request it is: the client's network (see `client_of`) and the id of the session, if there is one."""

    client: str
    session: str | None = None


def default_share(max_connections: int) -> int:
    """A quarter of all connections, but not so few that one browser would wait for itself."""
    return max(_LEAST, max_connections // 4)


class Shares:
    """Who holds which connection. A holder is anything hashable, and holds for one party at a time."""

    def __init__(self, *, per_client: int, per_session: int) -> None:
        self._per_client = per_client
        self._per_session = per_session
        self._holders: dict[object, Party] = {}
        self._clients: dict[str, int] = {}
        self._sessions: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._holders)

    def __contains__(self, holder: object) -> bool:
        return holder in self._holders

    def holders(self) -> tuple[object, ...]:
        """All holders, the longest-holding one first."""
        return tuple(self._holders)

    def room(self, party: Party) -> bool:
        """Whether this party may hold one more."""
        client, session = party
        return self._clients.get(client, 0) < self._per_client and (
            session is None or self._sessions.get(session, 0) < self._per_session
        )

    def holds(self, party: Party) -> bool:
        """Whether the session of this party holds any; its client, if it has no session."""
        client, session = party
        return client in self._clients if session is None else session in self._sessions

    def same_party(self, holder: object, party: Party) -> bool:
        """Whether `holder` counts for the client or for the session of this party."""
        held = self._holders.get(holder)
        return held is not None and (
            held.client == party.client or (party.session is not None and held.session == party.session)
        )

    def hold(self, holder: object, party: Party) -> None:
        """From now on `holder` counts for this party. Raises ValueError if it already counts."""
        if holder in self._holders:
            raise ValueError("a connection is held twice")
        self._holders[holder] = party
        client, session = party
        self._clients[client] = self._clients.get(client, 0) + 1
        if session is not None:
            self._sessions[session] = self._sessions.get(session, 0) + 1

    def let_go(self, holder: object) -> bool:
        """Stop counting `holder`; False if it was not counted."""
        party = self._holders.pop(holder, None)
        if party is None:
            return False
        client, session = party
        clients = self._clients
        if clients[client] > 1:
            clients[client] -= 1
        else:
            del clients[client]
        if session is not None:
            sessions = self._sessions
            if sessions[session] > 1:
                sessions[session] -= 1
            else:
                del sessions[session]
        return True
