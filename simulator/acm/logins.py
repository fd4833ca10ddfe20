"""Logins that are under way, and browsers that logged in: single sign-on of 2 hours from the first authentication."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.acm.means import Means
from simulator.acm.requests import SimulatedRequest

SSO_SECONDS: Final = 7200
_LOGIN_SECONDS: Final = 1800


@dataclass(frozen=True, slots=True)
class SignedOn:
    """Who proved who they are in a browser, with which means, until when that counts."""

    persona: str
    means: Means
    until: float


@dataclass(slots=True)
class Login:
    """A login that is under way in one browser. `signed_on` is None until the person proved who they are."""

    ticket: str
    browser: str
    asked: SimulatedRequest
    means: tuple[Means, ...]
    expires_at: float
    signed_on: SignedOn | None = None

    @property
    def acr(self) -> str | None:
        """What goes into the ID token: the means, only where the request asked for means."""
        if self.signed_on is None or not self.asked.values("acr_values"):
            return None
        return self.signed_on.means.urn


class Logins:
    """All logins and browsers of one ACM."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._logins: dict[str, Login] = {}
        self._browsers: dict[str, SignedOn] = {}

    def begin(self, browser: str, asked: SimulatedRequest, means: tuple[Means, ...]) -> Login:
        """A new login; old ones that nobody finished are forgotten."""
        now = self._clock()
        for old in [each for each in self._logins.values() if each.expires_at <= now]:
            del self._logins[old.ticket]
        login = Login(secrets.token_urlsafe(24), browser, asked, means, now + _LOGIN_SECONDS)
        self._logins[login.ticket] = login
        return login

    def find(self, ticket: str, browser: str | None) -> Login | None:
        """A login by its ticket, only in the browser that began it: no other site can finish it there."""
        found = self._logins.get(ticket)
        if found is None or found.browser != browser or found.expires_at <= self._clock():
            return None
        return found

    def finish(self, login: Login) -> None:
        """A login ends once."""
        self._logins.pop(login.ticket, None)

    def sign_on(self, persona: str, means: Means) -> tuple[str, SignedOn]:
        """Remember who logged in; the value for the browser's cookie, and what is remembered."""
        now = self._clock()
        self._browsers = {name: each for name, each in self._browsers.items() if each.until > now}
        cookie, signed_on = secrets.token_urlsafe(32), SignedOn(persona, means, now + SSO_SECONDS)
        self._browsers[cookie] = signed_on
        return cookie, signed_on

    def signed_on(self, cookie: str | None) -> SignedOn | None:
        """Who is logged in by this cookie."""
        found = self._browsers.get(cookie or "")
        return found if found is not None and found.until > self._clock() else None

    def sign_off(self, cookie: str | None) -> None:
        """Forget who was logged in by this cookie."""
        self._browsers.pop(cookie or "", None)
