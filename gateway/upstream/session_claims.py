"""Whom a session of the register without a tag belongs to: whoever came with it first."""

from __future__ import annotations

import hashlib
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from gateway.upstream.session_tags import LENGTH, SEPARATOR, Owner

_KEPT: Final = 10_000
_LONGEST: Final = 256
# Behind the id stands the node that holds it (Tomcat, Jetty: ".", WebSphere: ":", WebLogic: "!"), before it the version
# of WebSphere's cache: servers find the session without them too.
_ID: Final = re.compile(rb"(?:[0-9]{4}(?=[^.:!]{23}(?:[.:!]|$)))?([^.:!]*)")


class SessionClaims:
    """Remembers the owners of the latest `size` sessions, in this process only.

    Those of somebody who is not logged in are remembered apart: strangers can invent as many as they like.
    """

    def __init__(self, size: int = _KEPT) -> None:
        self._size = size
        self._owners: dict[bytes, bytes] = {}
        self._nobodys: dict[bytes, bytes] = {}

    def begin(self, owner: Owner, session: bytes) -> None:
        """The register began this session for this owner."""
        session = _id(session)
        self._owners.pop(session, None)
        self._nobodys.pop(session, None)
        self._put(session, owner)

    def belongs(self, owner: Owner, session: bytes) -> bool:
        """Whether nobody else came with this session before; from now on nobody else can."""
        tag, separator, _ = session.partition(SEPARATOR)
        if len(session) > _LONGEST or (separator and len(tag) == LENGTH):
            return False
        session = _id(session)
        known = self._owners.get(session) or self._nobodys.get(session)
        if known is None:
            self._put(session, owner)
            return True
        return known == _digest(owner)

    def _put(self, session: bytes, owner: Owner) -> None:
        owners = self._owners if owner.name else self._nobodys
        owners[session] = _digest(owner)
        if len(owners) > self._size:
            del owners[next(iter(owners))]


def _id(session: bytes) -> bytes:
    found = _ID.match(unquote_to_bytes(session))
    return found[1] if found is not None else session


def _digest(owner: Owner) -> bytes:
    return hashlib.sha256(owner.name).digest()
