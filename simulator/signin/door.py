"""The door of one application: logging in and out at ACM, who is inside, and forms that only they can send."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.signin.relying_party import Attempt, LoginRefused, RelyingParty
from simulator.web import page
from simulator.web.csrf import FormTokens

_SESSION_SECONDS: Final = 7200
_ATTEMPT_SECONDS: Final = 1800
_PLAIN_PATH: Final = re.compile(r"(/[a-z0-9-]+)+")
_PLAIN_QUERY: Final = re.compile(r"[A-Za-z0-9_=&%.+~-]{1,1500}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is inside, and in which capacity; `organisation` is None for citizens."""

    sub: str
    name: str
    doelgroep: str
    organisation: str | None
    organisation_name: str
    until: float

    @property
    def who(self) -> str:
        """To whom a form belongs: this person in this capacity, also after logging in again."""
        return f"{self.sub} {self.doelgroep} {self.organisation}"


class Door:
    """Logs people in at ACM and remembers them. All is in memory: after a restart everybody logs in again."""

    def __init__(
        self, party: RelyingParty, environment: str, pages: Environment, clock: Callable[[], float]
    ) -> None:
        self._party = party
        self._pages = pages
        self._clock = clock
        # Browsers share the cookies of localhost between ports: the names tell environments and applications apart.
        name = f"{party.prefix.strip('/')}-{environment}"
        self._session_cookie, self._browser_cookie = f"{name}-session", f"{name}-browser"
        self._tokens = FormTokens(secrets.token_bytes(32), clock)
        self._attempts: dict[str, tuple[Attempt, str, str, float]] = {}
        self._visitors: dict[str, Visitor] = {}

    @property
    def routes(self) -> list[Route]:
        """Logging in and out, below the prefix of the application."""
        return [
            Route("/aanmelden", self.begin),
            Route("/aangemeld", self.back),
            Route("/afmelden", self.leave, methods=["POST"]),
            Route("/wisselen", self.switch, methods=["POST"]),
            Route("/afgemeld", self.gone),
        ]

    def visitor(self, request: Request) -> Visitor | None:
        """Who asks; None where nobody is logged in."""
        found = self._visitors.get(request.cookies.get(self._session_cookie, ""))
        return found if found is not None and found.until > self._clock() else None

    def form_token(self, visitor: Visitor) -> str:
        """What a form must carry to be genuine."""
        return self._tokens.issue(visitor.who)

    def is_genuine(self, visitor: Visitor, token: str | None) -> bool:
        """Whether a form was sent from a page of ours to this visitor."""
        return self._tokens.is_valid(visitor.who, token)

    def to_login(self, request: Request) -> Response:
        """Log in first, then come back to this page."""
        path = request.url.path.removeprefix(self._party.prefix)
        if not _PLAIN_PATH.fullmatch(path):
            return self._redirect("/aanmelden")
        values = {"naar": path, "met": request.url.query}
        return self._redirect(
            f"/aanmelden?{urlencode({name: value for name, value in values.items() if value})}"
        )

    async def begin(self, request: Request) -> Response:
        """Off to ACM."""
        onward, query = request.query_params.get("naar", ""), request.query_params.get("met", "")
        onward = onward if _PLAIN_PATH.fullmatch(onward) else "/"
        onward += f"?{query}" if _PLAIN_QUERY.fullmatch(query) else ""
        browser = request.cookies.get(self._browser_cookie) or secrets.token_urlsafe(24)
        attempt, now = Attempt(), self._clock()
        self._attempts = {state: each for state, each in self._attempts.items() if each[3] > now}
        self._attempts[attempt.state] = (
            attempt, browser, onward, now + _ATTEMPT_SECONDS,
        )  # fmt: skip
        answer = RedirectResponse(self._party.authorization_url(attempt), 303)
        self._keep(answer, self._browser_cookie, browser)
        return answer

    async def back(self, request: Request) -> Response:
        """Back from ACM, in the browser that went there."""
        attempt, browser, onward, until = self._attempts.pop(
            request.query_params.get("state", ""), (None, "", "", 0.0)
        )
        if attempt is None or browser != request.cookies.get(self._browser_cookie) or until <= self._clock():
            return self._failed("Deze aanmelding is verlopen, of in een ander venster begonnen.")
        try:
            visitor = self._visitor(await self._party.claims(attempt, dict(request.query_params)))
        except LoginRefused as reason:
            return self._failed(str(reason))
        now = self._clock()
        self._visitors = {key: each for key, each in self._visitors.items() if each.until > now}
        self._visitors.pop(request.cookies.get(self._session_cookie, ""), None)
        key = secrets.token_urlsafe(32)
        self._visitors[key] = visitor
        answer = self._redirect(onward)
        self._keep(answer, self._session_cookie, key)
        return answer

    async def leave(self, request: Request) -> Response:
        """Log out here and at ACM."""
        return await self._end(request, switch=False)

    async def switch(self, request: Request) -> Response:
        """Choose another capacity at ACM."""
        return await self._end(request, switch=True)

    async def gone(self, request: Request) -> Response:
        return page(self._pages, "signed_out.html", start=f"{self._party.prefix}/")

    async def _end(self, request: Request, *, switch: bool) -> Response:
        visitor = self.visitor(request)
        form = await request.form(max_files=0, max_fields=5)
        if visitor is None:
            return self._redirect("/aanmelden" if switch else "/afgemeld")
        if not self.is_genuine(visitor, str(form.get("csrf", ""))):
            return self._failed("Dit formulier is verlopen. Ga terug en probeer het opnieuw.", 403)
        self._visitors.pop(request.cookies.get(self._session_cookie, ""), None)
        answer = RedirectResponse(self._party.logout_url(switch=switch), 303)
        answer.delete_cookie(self._session_cookie, path=self._party.prefix, httponly=True, samesite="lax")
        return answer

    def _visitor(self, claims: dict[str, Any]) -> Visitor:
        organisation = claims.get("vo_orgcode")
        return Visitor(
            sub=str(claims["sub"]),
            name=f"{claims.get('given_name', '')} {claims.get('family_name', '')}".strip(),
            doelgroep=str(claims.get("vo_doelgroepcode", "")),
            organisation=None if organisation is None else str(organisation),
            organisation_name=str(claims.get("vo_orgnaam", "")),
            until=self._clock() + _SESSION_SECONDS,
        )

    def _failed(self, words: str, status: int = 400) -> Response:
        return page(
            self._pages, "signin_failed.html", status=status, words=words, start=f"{self._party.prefix}/"
        )

    def _redirect(self, path: str) -> RedirectResponse:
        return RedirectResponse(f"{self._party.prefix}{path}", 303, headers={"cache-control": "no-store"})

    def _keep(self, answer: Response, name: str, value: str) -> None:
        answer.set_cookie(name, value, httponly=True, samesite="lax", path=self._party.prefix)
