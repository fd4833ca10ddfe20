"""Stage 3: who sent the request, by session cookie or bearer token."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gateway.auth.machines import Machines, bearer_token, has_bearer
from gateway.edge.forms import is_form
from gateway.errors import (
    BadRequest,
    BearerRefused,
    ClientLimited,
    GatewayError,
    LoginRequired,
    Overloaded,
    ProviderUnavailable,
    ReauthenticationRequired,
    SessionUnproven,
    StoreUnavailable,
)
from gateway.exchange import NOBODY, Caller, Exchange
from gateway.model import CanonicalRequest, DecisionInput
from gateway.pipeline.authorize import input_of
from gateway.pipeline.polling import Polling
from gateway.policy.evaluate import asks_for_program, decide
from gateway.policy.ruleset import RuleSet
from gateway.session.recheck import Recheck
from gateway.session.sessions import Session, Sessions
from gateway.session.ticket import is_ticket


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Finds the caller; without `machines`, bearer tokens are the register's business.

    `rules` gives the rule set in force. `polling`, where there are polls, knows which requests don't use the session.
    """

    sessions: Sessions
    rechecks: Recheck
    machines: Machines | None
    rules: Callable[[], RuleSet]
    polling: Polling | None = None

    async def __call__(self, exchange: Exchange) -> None:
        """Fill in `caller`. An invalid ticket is ignored; an invalid token is refused where it counts.

        A stream that is judged again needs the session that it began with; otherwise raises `trouble`, or
        LoginRequired.
        """
        exchange.caller = await self._caller(exchange)
        earlier = exchange.earlier
        if earlier is not None and earlier.caller.session is not None and exchange.caller.session is None:
            raise exchange.caller.trouble or LoginRequired("the session has ended")

    def at_once(self, exchange: Exchange) -> bool:
        """Fill in `caller` where that needs no waiting and no cookie: nobody, or a cached session that is not due."""
        request, bindings = exchange.admitted, self.sessions.bindings
        ticket = request.cookies.get(self.sessions.cookie_name)
        if bindings is not None:
            ticket = bindings.ticket(request.cookies)
        if self.machines is not None and request.header(b"authorization") is not None:
            return False
        if ticket is None:
            return True
        unused = request.viewer == "ahead" or (self.polling is not None and self.polling.may_be_poll(request))
        session = self.sessions.open_cached(ticket, use=not unused)
        if session is None or self.rechecks.due(session):
            return False
        exchange.caller = Caller(session)
        return True

    async def _caller(self, exchange: Exchange) -> Caller:
        request = exchange.admitted
        cookies = request.cookies
        # An open stream goes on with the proof that it began with.
        if exchange.earlier is not None:
            ticket = exchange.earlier.later_ticket or cookies.get(self.sessions.cookie_name)
        else:
            ticket = self.sessions.ticket(cookies)
        try:
            if self.machines is not None and has_bearer(request.headers):
                return await self._by_token(exchange, ticket, self.machines)
            return await self._person(exchange, ticket) if ticket is not None else self._nobody(request)
        except (
            ClientLimited,
            Overloaded,
            ProviderUnavailable,
            ReauthenticationRequired,
            StoreUnavailable,
        ) as trouble:
            # What is open to anyone stays open; whatever needs an identity is refused for this reason.
            return Caller(trouble=trouble)

    def _nobody(self, request: CanonicalRequest) -> Caller:
        """Nobody; why, where the session is bound to a key that this browser has not proven."""
        if self.sessions.bindings is None:
            return NOBODY
        why = self.sessions.bindings.unproven(request.cookies, request.header(b"secure-session-skipped"))
        return Caller(trouble=SessionUnproven(why, reason=why)) if why else NOBODY

    async def _by_token(self, exchange: Exchange, ticket: str | None, machines: Machines) -> Caller:
        """The program that a token belongs to, where the rule is about programs; the token may also be the register's own.

        In that case a session counts as it does without a token. Without a session, the token is judged unless the rule is
        open to anyone.
        """
        rules, asked = self.rules(), input_of(exchange)
        expected = asks_for_program(rules, asked)
        refused: GatewayError | None = None
        if expected:
            try:
                return await _program(exchange, machines)
            except (BadRequest, BearerRefused, ClientLimited, Overloaded, ProviderUnavailable) as problem:
                refused = problem
        person = await self._person(exchange, ticket) if ticket is not None else NOBODY
        if person.session is not None or _open_to_anyone(rules, asked):
            return person
        if refused is not None:
            raise refused
        return await _program(exchange, machines)

    async def _person(self, exchange: Exchange, ticket: str) -> Caller:
        session = await self._session(exchange, ticket)
        if exchange.earlier is not None:
            ticket = exchange.earlier.later_ticket or ticket
        if session is None:
            # An ended ticket stays: it shows that a form may be kept, and why a login loops.
            if not is_ticket(ticket) and exchange.admitted.viewer != "ahead":
                exchange.set_cookies.append(self.sessions.clear_cookie())
            return NOBODY
        request, judged_again = exchange.admitted, exchange.earlier is not None
        if request.viewer == "ahead" and not judged_again:
            if self.rechecks.due(session):
                raise ReauthenticationRequired("a prefetch does not recheck the session")
            return Caller(session)
        try:
            # An open stream cannot be redirected to the provider.
            current = await self.rechecks.current(
                ticket,
                session,
                navigation=request.navigation and not judged_again,
                lenient=judged_again or is_form(request),
            )
        finally:
            successor = self.sessions.successor(ticket)
            if successor is not None:
                exchange.set_cookies.append(self.sessions.set_cookie(successor))
        return Caller(current)

    async def _session(self, exchange: Exchange, ticket: str) -> Session | None:
        request, polling = exchange.admitted, self.polling
        if exchange.earlier is not None:
            # Judging a stream again does not count as using its session.
            moved = exchange.earlier.later_ticket is not None
            goes_on = await self.sessions.continued.find(ticket, moved=moved)
            if goes_on is None:
                return None
            if goes_on[0] != ticket:
                exchange.earlier.later_ticket = goes_on[0]
            return goes_on[1].session
        polls = polling is not None and polling.may_be_poll(request)
        if not polls and request.viewer != "ahead":
            return await self.sessions.open(ticket)
        found = await self.sessions.peek(ticket)
        if found is not None and polling is not None and polls:
            exchange.receive = polling.watched(request, exchange.receive, partial(self._use, ticket))
        return found.session if found is not None else None

    async def _use(self, ticket: str) -> None:
        with contextlib.suppress(StoreUnavailable):
            await self.sessions.open(ticket)


async def _program(exchange: Exchange, machines: Machines) -> Caller:
    request = exchange.admitted
    token = bearer_token(request.headers)
    return Caller(program=await machines.identity(token, request.client)) if token is not None else NOBODY


def _open_to_anyone(rules: RuleSet, asked: DecisionInput) -> bool:
    """Whether the rules let anyone do this, logged in or not."""
    decision = decide(rules, asked)
    return decision.allowed or decision.redirect is not None
