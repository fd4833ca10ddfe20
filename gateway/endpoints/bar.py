"""/oauth2/bar.js, the session bar, and /oauth2/bar, what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from starlette.requests import Request

from gateway.codec import IdentityView
from gateway.endpoints.requests import exchange_of
from gateway.endpoints.session import SessionEndpoints
from gateway.errors import LoginRequired
from gateway.pages.bar import BarScript
from gateway.pages.render import Pages
from gateway.pages.settings import SessionBarSettings
from gateway.responses import Response, json_response

# A page asks for it each time; a new version of the gateway shows within this many seconds.
_CACHE: Final = b"public, max-age=300"
PERSON: Final = IdentityView({"subject": "subject", "name": "name", "organisation": "organisation"})


@dataclass(frozen=True, slots=True)
class BarEndpoints:
    """The script, which is the same for everybody, and what is of one session."""

    bar: BarScript
    session: SessionEndpoints

    @classmethod
    def of(cls, pages: Pages, settings: SessionBarSettings | None, session: SessionEndpoints) -> Self | None:
        """The endpoints of an environment with these settings; None where it has no bar."""
        return cls(BarScript(pages, settings), session) if settings is not None else None

    async def script(self, request: Request) -> Response:
        """The script, or 304 where the browser has it."""
        lines = ((b"etag", self.bar.etag), (b"cross-origin-resource-policy", b"same-origin"))
        wanted = exchange_of(request).admitted.header(b"if-none-match") or b""
        known = {tag.strip().removeprefix(b"W/") for tag in wanted.split(b",")}
        if self.bar.etag in known or wanted.strip() == b"*":
            return Response(status=304, cache=_CACHE, lines=lines)
        return Response(self.bar.content, media_type="text/javascript", cache=_CACHE, lines=lines)

    async def state(self, request: Request) -> Response:
        """Who is logged in, and for how long still; looking does not prolong the session.

        Nobody being logged in is an answer like any other here: a page that is open to all asks too.
        """
        try:
            found = await self.session.peek(exchange_of(request))
        except LoginRequired:
            return json_response({"active": False})
        return json_response({**self.session.lifetime(found), "person": PERSON(found.session.identity)})
