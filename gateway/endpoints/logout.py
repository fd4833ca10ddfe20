"""/oauth2/sign_out and what belongs to it: from a session to nobody, here and at the provider."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from gateway.auth.logout import Logout
from gateway.auth.target import safe_target
from gateway.endpoints.answers import query_value, redirect, request_of, same_site
from gateway.errors import BadRequest, ProviderUnavailable
from gateway.pages.render import Answer
from gateway.pages.screens import Screens
from gateway.pipeline import Trail
from gateway.session.sessions import Sessions


@dataclass(frozen=True, slots=True)
class LogoutEndpoints:
    """The ways out; `told` hears of each logout."""

    logout: Logout
    sessions: Sessions
    screens: Screens
    told: Callable[[str], None]

    async def sign_out(self, trail: Trail) -> Answer:
        """End the session here and go on to the provider's logout.

        Another site cannot log people out: its requests are refused. Raises BadRequest for those.
        """
        cookies = await self._end(trail, "provider")
        request = request_of(trail)
        try:
            location = await self.logout.location(secrets.token_urlsafe(16))
        except ProviderUnavailable:
            location = None
        if location is None:
            return self._screen(trail, cookies, everywhere=False)
        return redirect(location, cookies, request=request)

    async def local(self, trail: Trail) -> Answer:
        """End the session here only."""
        return self._screen(trail, await self._end(trail, "local"), everywhere=False)

    async def switch(self, trail: Trail) -> Answer:
        """End the session here and let the person choose another identity at the provider, then come back to `rd`."""
        request = request_of(trail)
        cookies = await self._end(trail, "switch")
        target = safe_target(query_value(request, "rd") or "/")
        location = await self.logout.location(f"switch:{target}", switch=True)
        return redirect(location or f"/oauth2/start?rd={target}", cookies, request=request)

    async def callback(self, trail: Trail) -> Answer:
        """The way back from the provider: on to the page that was left for a switch, else "you are logged out"."""
        request = request_of(trail)
        state = query_value(request, "state") or ""
        if state.startswith("switch:"):
            return redirect(safe_target(state.removeprefix("switch:")), request=request)
        return self._screen(trail, (), everywhere=True)

    async def _end(self, trail: Trail, operation: str) -> tuple[str, ...]:
        request = request_of(trail)
        if not same_site(request):
            raise BadRequest("a logout that another site asked for", code="cross-site")
        ticket = request.cookies.get(self.sessions.cookie_name)
        if ticket is not None:
            trail.session = await self.sessions.end(ticket)
            self.told(operation)
        return (self.sessions.clear_cookie(),)

    def _screen(self, trail: Trail, cookies: tuple[str, ...], *, everywhere: bool) -> Answer:
        request = request_of(trail)
        return self.screens.logged_out(
            request.language,
            everywhere=everywhere,
            request_id=request.id,
            method=request.method,
            headers=tuple((b"set-cookie", cookie.encode("ascii")) for cookie in cookies),
        )
