"""Logins of one browser that end at the same moment, in several tabs: they share a session.

Each would otherwise leave one behind, which lives on after a logout though no browser has its ticket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from hashlib import sha256
from typing import Final
from weakref import WeakValueDictionary

from gateway.auth.flow import flow_secrets
from gateway.auth.login import LoginResult
from gateway.model import CanonicalRequest
from gateway.session.sessions import Session, Sessions

_KIND: Final = "login-beside"
_SECONDS: Final = 60.0


class ParallelLogins:
    """Those of one environment.

    A browser is known by the secrets in the cookies of the logins that it has under way: another one cannot have them.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._one_by_one: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def session(
        self,
        callback: CanonicalRequest,
        login: LoginResult,
        earlier: str | None,
        create: Callable[[], Awaitable[tuple[Session, str]]],
    ) -> tuple[Session, str]:
        """(session, ticket) for the login of this callback: the one that another login of this browser gave to the same person
        with the same rights while this one was under way, otherwise what `create` makes. `earlier` is the browser's ticket.

        Raises StoreUnavailable.
        """
        secrets = flow_secrets(callback.cookies, f"{self._sessions.cookie_prefix}flow-")
        one_time = self._sessions.one_time
        async with self._one_by_one.setdefault(login.identity.subject, asyncio.Lock()):
            noted = await one_time.get_all(_KIND, secrets)
            kept = [each.decode("ascii") if each is not None else "" for each in noted]
            found = await self._shared(filter(None, kept), login, earlier)
            if found is None:
                unkept = [secret for secret, ticket in zip(secrets, kept, strict=True) if not ticket]
                found = await self._first(unkept, await create(), login, earlier)
            # Logins of other tabs that this browser has under way by now may come with its ticket or without.
            for secret, ticket in zip(secrets, kept, strict=True):
                if ticket != found[1]:
                    await one_time.replace(_KIND, secret, found[1].encode("ascii"), seconds=_SECONDS)
        return found

    async def _first(
        self, secrets: Iterable[str], made: tuple[Session, str], login: LoginResult, earlier: str | None
    ) -> tuple[Session, str]:
        """The session that was just made; where another process made one at the same moment, the one of whoever was first.

        The secrets have the same order everywhere, so that two processes never give way to each other.
        """
        for secret in secrets:
            if await self._sessions.one_time.put(_KIND, secret, made[1].encode("ascii"), seconds=_SECONDS):
                continue
            kept = await self._sessions.one_time.get(_KIND, secret)
            others = [kept.decode("ascii")] if kept is not None else []
            shared = await self._shared(others, login, earlier)
            if shared is not None and shared[1] != made[1]:
                await self._sessions.end(made[1])
                return shared
        return made

    async def _shared(
        self, tickets: Iterable[str], login: LoginResult, earlier: str | None
    ) -> tuple[Session, str] | None:
        had = await self._sessions.peek(earlier) if earlier is not None else None
        if had is not None and mark(earlier) == login.intent.had:
            return None
        for ticket in tickets:
            # A ticket that comes from elsewhere ends with each login, also where it is of the same person.
            if had is None or ticket == earlier:
                found = await self._sessions.peek(ticket)
                if found is not None and _alike(found.session, login):
                    return found.session, ticket
        return None


def mark(ticket: str | None) -> str:
    """What tells this ticket from others, and opens nothing."""
    return sha256(ticket.encode("utf-8", "replace")).hexdigest()[:16] if ticket is not None else ""


def _alike(session: Session, login: LoginResult) -> bool:
    """Whether it is the same person with the same rights, at the same session of the provider: a logout there names that one."""
    one, other = session.identity, login.identity
    near = abs(one.authenticated_at - other.authenticated_at) < _SECONDS
    sid = session.tokens.sid if session.tokens is not None else None
    return (
        near
        and sid == login.tokens.sid
        and replace(one, authenticated_at=0.0) == replace(other, authenticated_at=0.0)
    )
