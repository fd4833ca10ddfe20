"""The register's own sessions (JSESSIONID). Each keeps the visitor who began it, and the state of the pages shown in it."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.register.identity import Visitor

COOKIE: Final = "JSESSIONID"
_PARAMETER: Final = "jsessionid="
_TIMEOUT: Final = 1_800.0
_MOST: Final = 1_000
_MOST_VIEWS: Final = 15


@dataclass
class View:
    """What the server remembers of a page that it has shown."""

    page: str
    values: dict[str, Any]


@dataclass
class OwnSession:
    """A session of the register. Its visitor stays, whatever later headers say."""

    id: str
    visitor: Visitor
    used_at: float
    views: OrderedDict[str, View] = field(default_factory=OrderedDict)
    notice: str = ""
    """What the next page says once."""

    def keep(self, view: View) -> str:
        """The view state: the key under which the next postback finds the view. The oldest of 15 is forgotten."""
        key = f"{secrets.randbits(63)}:{secrets.randbits(63)}"
        self.views[key] = view
        while len(self.views) > _MOST_VIEWS:
            self.views.popitem(last=False)
        return key

    def view(self, key: str, page: str) -> View | None:
        """The view under this key, if it is of this page."""
        found = self.views.get(key)
        return found if found is not None and found.page == page else None


class Sessions:
    """All own sessions: 1,000 at most, each until it was not used for 30 minutes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sessions: OrderedDict[str, OwnSession] = OrderedDict()

    def of(self, connection: HTTPConnection) -> tuple[OwnSession | None, bool]:
        """(The session of this request, whether its cookie names it). A cookie goes before a path parameter."""
        session = self._alive(connection.cookies.get(COOKIE))
        if session is not None:
            return session, True
        return self._alive(connection.scope.get("jsessionid")), False

    def begin(self, visitor: Visitor) -> OwnSession:
        """A new session for the visitor of this moment."""
        session = OwnSession(f"{secrets.token_hex(16).upper()}.node1", visitor, self._clock())
        self._sessions[session.id] = session
        while len(self._sessions) > _MOST:
            self._sessions.popitem(last=False)
        return session

    def _alive(self, session_id: str | None) -> OwnSession | None:
        session = self._sessions.get(session_id or "")
        if session is None:
            return None
        now = self._clock()
        if now - session.used_at > _TIMEOUT:
            del self._sessions[session.id]
            return None
        session.used_at = now
        self._sessions.move_to_end(session.id)
        return session


class PathParameters:
    """Takes `;name=value` out of every segment before the routes see the path, as a servlet container does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if ";" in scope.get("path", ""):
            segments = [segment.split(";") for segment in scope["path"].split("/")]
            given = [each for _, *parameters in segments for each in parameters]
            found = [each.removeprefix(_PARAMETER) for each in given if each.startswith(_PARAMETER)]
            scope = {**scope, "path": "/".join(name for name, *_ in segments)}
            if found:
                scope["jsessionid"] = found[-1]
        await self._app(scope, receive, send)
