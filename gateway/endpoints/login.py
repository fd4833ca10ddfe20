"""/oauth2/start and /oauth2/callback: the two ends of a login."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from starlette.requests import Request

from gateway.auth.hints import login_hint
from gateway.auth.login import Login
from gateway.client_limits import ClientLimits
from gateway.endpoints.device import device_of
from gateway.endpoints.login_loop import SUCCEEDED, LoopCookie
from gateway.endpoints.requests import exchange_of, query_value
from gateway.endpoints.return_path import path_on, safe_target
from gateway.errors import BadRequest, ClientLimited, LoginFailed
from gateway.events import LoginEnded, OnEvent
from gateway.exchange import Caller
from gateway.model import CanonicalRequest, Identity
from gateway.responses import Response, redirect
from gateway.session.sessions import Sessions

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LoginEndpoints:
    """Where a login begins and where it ends.

    `public_url` is where people reach the gateway, and `public_host` its host as requests carry it: the provider
    sends browsers back there and nowhere else. `limits` bounds how many logins each client begins.
    """

    login: Login
    sessions: Sessions
    rounds: LoopCookie
    on_event: OnEvent
    clock: Callable[[], float]
    public_url: str
    public_host: str
    limits: ClientLimits

    async def start(self, request: Request) -> Response:
        """Begin a login that comes back to `rd`, a path of this site.

        `acr_values` asks for one of these authentication methods, `doelgroep` and `organisation` for an identity.
        Raises BadRequest for an unknown value.
        """
        admitted = exchange_of(request).admitted
        target = safe_target(path_on(self.public_url, query_value(request, "rd") or "/"))
        acr_values = (query_value(request, "acr_values") or "").split()
        for urn in acr_values:
            if urn not in self.login.known_methods:
                raise BadRequest("an unknown authentication method is asked for", code="acr-values")
        try:
            hint = login_hint(query_value(request, "doelgroep"), query_value(request, "organisation"))
        except ValueError as problem:
            raise BadRequest(str(problem), code="login-hint") from problem
        if admitted.host != self.public_host:
            query = (admitted.raw_query or b"").decode("ascii", "replace")
            return redirect(f"{self.public_url}/oauth2/start?{quote(query, safe=_QUERY)}")
        # A person who presses a button may always try again; a page that sends itself here may not for ever.
        if (b"sec-fetch-user", b"?1") not in admitted.headers:
            self._check_rounds(admitted, target)
        return await self._begin(admitted, target, acr_values, hint)

    async def begin(
        self, request: CanonicalRequest, target: str, *, acr_values: Sequence[str] = ()
    ) -> Response:
        """Send the browser to the provider, to come back to `target`, with one of these authentication methods.

        Raises LoginFailed where that was done a few times in a row to no avail, ClientLimited where this client began
        too many.
        """
        self._check_rounds(request, target)
        if request.host != self.public_host:
            values = f"&acr_values={quote('+'.join(acr_values), safe='+')}" if acr_values else ""
            start = f"{self.public_url}/oauth2/start?rd={quote(target, safe='')}{values}"
            return redirect(start)
        return await self._begin(request, target, acr_values, None)

    async def ask_silently(self, request: CanonicalRequest, identity: Identity) -> Response | None:
        """Send the browser past the provider for what this person may do by now, and back to the same page.

        None where that is not possible. Raises ProviderUnavailable, LoginFailed.
        """
        if request.host != self.public_host or self.limits.take(request.client):
            return None
        organisation = identity.organisation.code if identity.organisation is not None else None
        try:
            hint = login_hint(identity.doelgroep, organisation)
        except ValueError:
            hint = None
        begun = await self.login.begin(
            safe_target(request.target.decode("latin-1")),
            request.cookies,
            language=request.language,
            acr_values=(identity.acr,) if identity.acr is not None else (),
            login_hint=hint,
            silent=True,
        )
        return redirect(begun.location, begun.set_cookies)

    def just_failed(self, request: CanonicalRequest) -> bool:
        """Whether this browser's latest login failed a moment ago, so that it is not sent to the next one at once."""
        return self.rounds.read(request.cookies, self.clock()).failed

    async def callback(self, request: Request) -> Response:
        """Finish a login: a new ticket, and on to the page that was asked for.

        A callback that comes too late, from another tab or with the back button, does no harm to somebody who
        has a session by now: they just go on.
        """
        exchange = exchange_of(request)
        admitted = exchange.admitted
        ticket = admitted.cookies.get(self.sessions.cookie_name)
        rounds, now = self.rounds.read(admitted.cookies, self.clock()), self.clock()
        query = (admitted.raw_query or b"").decode("latin-1")
        try:
            if admitted.host != self.public_host:
                raise LoginFailed("host-mismatch", f"the login came back at {admitted.host}")
            finished = await self.login.finish(query, admitted.cookies)
        except LoginFailed as failure:
            if failure.facts.pop("silent", False):
                # Nobody asked for a login: the page says again what is missing.
                self.on_event(LoginEnded("silent-refused"))
                return redirect(safe_target(str(failure.facts.get("target", "/"))))
            self.on_event(LoginEnded(failure.reason))
            log.info("login failed", reason=failure.reason, detail=failure.detail, request_id=admitted.id)
            # Only a login that this browser began counts: nobody else can make it look like a loop.
            began = "target" in failure.facts
            counted = (self.rounds.after(rounds, failure.reason, now),) if began else ()
            if ticket is not None and await self.sessions.open(ticket) is not None:
                onward = safe_target(str(failure.facts.get("target", "/")))
                return redirect(onward, counted)
            if began and rounds.count:
                failure.facts["rounds"] = rounds.count + 1
            failure.set_cookies = counted
            raise
        if finished.silent and await self._acts_otherwise(ticket, finished.identity):
            self.on_event(LoginEnded("silent-refused"))
            return redirect(finished.target, finished.set_cookies)
        session, new_ticket = await self.sessions.create(
            finished.identity,
            finished.tokens,
            replaces=ticket,
            device=device_of(admitted.header(b"user-agent")),
        )
        exchange.caller = Caller(session)
        if faults := finished.identity.faults:
            unread = [f"{each.claim}: {each.fault}" for each in faults]
            log.warning("claims could not be read", unread=unread, request_id=admitted.id)
        self.on_event(LoginEnded(SUCCEEDED))
        ended = self.rounds.after(rounds, SUCCEEDED, now)
        cookies = (*finished.set_cookies, ended, self.sessions.set_cookie(new_ticket))
        return redirect(finished.target, cookies)

    async def _acts_otherwise(self, ticket: str | None, found: Identity) -> bool:
        """Whether the session goes on as another person or for another organisation than the provider has by now."""
        session = await self.sessions.open(ticket) if ticket is not None else None
        if session is None:
            return False
        return _acts_as(session.identity) != _acts_as(found)

    async def _begin(
        self, request: CanonicalRequest, target: str, acr_values: Sequence[str], hint: str | None
    ) -> Response:
        wait = self.limits.take(request.client)
        if wait:
            raise ClientLimited("logins", wait)
        begun = await self.login.begin(
            target, request.cookies, language=request.language, acr_values=acr_values, login_hint=hint
        )
        return redirect(begun.location, begun.set_cookies)

    def _check_rounds(self, request: CanonicalRequest, target: str) -> None:
        rounds = self.rounds.read(request.cookies, self.clock())
        if not rounds.too_many:
            return
        cause = rounds.cause(has_ticket=self.sessions.cookie_name in request.cookies)
        # Why the latest login failed is what the browser's own cookie says: that is not for a metric.
        self.on_event(LoginEnded("login-loop" if rounds.failed else cause))
        log.info("login loop stopped", reason=cause, rounds=rounds.count, request_id=request.id)
        raise LoginFailed("login-loop", cause, cause=cause, rounds=rounds.count, target=target)


def _acts_as(identity: Identity) -> tuple[str, str | None, str | None]:
    organisation = identity.organisation.code if identity.organisation is not None else None
    return identity.subject, identity.doelgroep, organisation


_QUERY = "=&%+:/?@!$'()*,;~-._"
