"""/oauth2/start and /oauth2/callback: the two ends of a login."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import structlog
from starlette.requests import Request

from gateway.auth.hints import login_hint
from gateway.auth.login import Login, LoginResult
from gateway.client_limits import ClientLimits
from gateway.endpoints.device import device_of
from gateway.endpoints.fragment import PATH as FRAGMENT_PATH
from gateway.endpoints.fragment import START, may_have_fragment, start_query
from gateway.endpoints.login_loop import SUCCEEDED, LoopCookie, RecentLogins
from gateway.endpoints.parallel_logins import ParallelLogins, mark
from gateway.endpoints.requests import exchange_of, query_value
from gateway.endpoints.return_path import path_on, safe_target
from gateway.errors import BadRequest, ClientLimited, LoginFailed, StoreUnavailable
from gateway.events import LoginEnded, OnEvent
from gateway.exchange import Caller
from gateway.http_semantics import HeaderLine
from gateway.model import CanonicalRequest, Identity
from gateway.pages.screens import Screens
from gateway.responses import Response, cookie_lines, redirect
from gateway.session.ending import ended_since
from gateway.session.sessions import Session, Sessions

log = structlog.get_logger()
# Failures that say nothing against the person: another tab, a page that was open for long, a second look.
_BEGIN_AGAIN = frozenset(
    ("flow-unknown", "flow-expired", "flow-used", "code-refused", "interaction-required")
)
# A browser that refuses cookies would go round forever.
_MOST_ATTEMPTS = 1
# What servers in front take of an address, less some room.
_LONGEST_START = 7_000


@dataclass(frozen=True, slots=True)
class LoginEndpoints:
    """Where a login begins and where it ends.

    `public_url` is where people reach the gateway, and `public_host` its host as requests carry it: the provider
    sends browsers back there and nowhere else. `limits` bounds how many logins each client begins. `keep_fragment`
    says whether browsers take the fragment of a page along.
    """

    login: Login
    sessions: Sessions
    loop_cookie: LoopCookie
    on_event: OnEvent
    clock: Callable[[], float]
    public_url: str
    public_host: str
    limits: ClientLimits
    parallel: ParallelLogins
    screens: Screens
    keep_fragment: bool = True
    invitation: Callable[[str], Awaitable[Iterable[HeaderLine]]] | None = None
    """The header by which a browser may bind its new session to a key, by its ticket."""

    async def start(self, request: Request) -> Response:
        """Begin a login that comes back to `rd`, a path of this site.

        `acr_values` asks for one of these authentication methods, `doelgroep` and `organisation` for an identity.
        Raises BadRequest for an unknown value.
        """
        admitted = exchange_of(request).admitted
        wanted = query_value(request, "rd") or query_value(request, "redirect") or "/"
        target = safe_target(path_on(self.public_url, wanted))
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
            return redirect(f"{self.public_url}{START}?{quote(query, safe=_QUERY)}")
        # A person who presses a button may always try again; a page that sends itself here may not do so forever.
        recent = self._recent_logins(admitted)
        if not recent.allow_press(admitted, target):
            await self._check_loop(admitted, target, recent)
        return await self._begin(admitted, target, acr_values, hint)

    async def begin(
        self, request: CanonicalRequest, target: str, *, acr_values: Sequence[str] = ()
    ) -> Response:
        """Send the browser to the provider, to come back to `target`, with one of these authentication methods.

        Raises LoginFailed where that was done a few times in a row to no avail, ClientLimited where this client began
        too many.
        """
        await self._check_loop(request, target, self._recent_logins(request))
        if request.host != self.public_host:
            query = start_query(target, acr_values) if len(target) <= _LONGEST_START else ""
            there = f"{START}?{query}" if 0 < len(query) <= _LONGEST_START else target
            return redirect(self.public_url + there)
        if self.keep_fragment and may_have_fragment(request, target):
            return redirect(f"{FRAGMENT_PATH}?{start_query(target, acr_values)}")
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
            client=request.client,
            silent=True,
        )
        return redirect(begun.location, begun.set_cookies)

    def just_failed(self, request: CanonicalRequest) -> bool:
        """Whether this browser's latest login failed a moment ago, so that it is not sent to the next one at once."""
        return self._recent_logins(request).failed

    async def callback(self, request: Request) -> Response:
        """Finish a login: a new ticket, and on to the page that was asked for.

        A callback that comes too late, from another tab or with the back button, does no harm: somebody who has a
        session by now just goes on, and for somebody else the login begins again, once.
        """
        exchange = exchange_of(request)
        admitted = exchange.admitted
        ticket = admitted.cookies.get(self.sessions.cookie_name)
        recent, now = self._recent_logins(admitted), self.clock()
        query = (admitted.raw_query or b"").decode("latin-1")
        try:
            if admitted.host != self.public_host:
                raise LoginFailed("host-mismatch", f"the login came back at {admitted.host}")
            finished = await self.login.finish(query, admitted.cookies)
        except LoginFailed as failure:
            if failure.facts.pop("silent", False):
                return self._unchanged(failure.again.target if failure.again else None)
            self.on_event(LoginEnded(failure.reason))
            log.info("login failed", reason=failure.reason, detail=failure.detail, request_id=admitted.id)
            # Only a login that this browser began counts: nobody else can make it look like a loop.
            began = "target" in failure.facts
            before = failure.again.rounds if failure.again is not None else 0
            rounds = recent.with_one(failure.reason, before=before)
            counted = (self.loop_cookie.after(rounds, now),) if began else ()
            if ticket is not None and await self.sessions.open(ticket) is not None:
                return redirect((failure.again.target if failure.again else None) or "/", counted)
            if (again := await self._again(admitted, failure, recent)) is not None:
                return again
            if began and rounds.count > 1:
                failure.facts["rounds"] = rounds.count
            failure.set_cookies = counted
            raise
        if finished.intent.silent and not await self._acts_alike(ticket, finished.identity):
            return self._unchanged(finished.target, finished.set_cookies)
        session, new_ticket = await self._session(finished, admitted, ticket)
        exchange.caller = Caller(session)
        if faults := finished.identity.faults:
            unread = [f"{each.claim}: {each.fault}" for each in faults]
            log.warning("claims could not be read", unread=unread, request_id=admitted.id)
        self.on_event(LoginEnded(SUCCEEDED))
        ended = self.loop_cookie.after(recent.with_one(SUCCEEDED, before=finished.intent.rounds), now)
        cookies = (*finished.set_cookies, ended, self.sessions.set_cookie(new_ticket))
        if finished.target is None:
            answer = self.screens.address_lost(
                admitted.language, request_id=admitted.id, lines=cookie_lines(cookies)
            )
        else:
            answer = redirect(finished.target, cookies)
        if self.invitation is not None:
            answer.raw_headers.extend(await self.invitation(new_ticket))
        return answer

    async def _session(
        self, finished: LoginResult, request: CanonicalRequest, earlier: str | None
    ) -> tuple[Session, str]:
        """(session, its ticket) in place of the `earlier` one; that of a login in another tab at the same moment, if any. It is
        over at once where the provider ended its own meanwhile: the page then asks for a login again.
        """
        device, identity = device_of(request.header(b"user-agent")), finished.identity
        create = partial(self.sessions.create, identity, finished.tokens, replaces=earlier, device=device)
        # A browser that binds its session to a key begins that anew with each login.
        shared = self.parallel if self.invitation is None else None
        session, ticket = await (shared.session(request, finished, earlier, create) if shared else create())
        sid = finished.tokens.sid
        if sid is not None and await ended_since(self.sessions, sid, finished.intent.started_at):
            log.info("the provider ended a session while its login was under way", request_id=request.id)
            await self.sessions.end(ticket)
        return session, ticket

    def _unchanged(self, target: str | None, set_cookies: tuple[str, ...] = ()) -> Response:
        """Back from a silent question. Nobody asked for a login: the page says again what is missing."""
        self.on_event(LoginEnded("silent-refused"))
        return redirect(target or "/", set_cookies)

    async def _acts_alike(self, ticket: str | None, found: Identity) -> bool:
        """Whether there still is a session, as the same person and for the same organisation as the provider has."""
        session = await self.sessions.open(ticket) if ticket is not None else None
        return session is not None and session.identity.acts_as == found.acts_as

    async def _again(
        self, request: CanonicalRequest, failure: LoginFailed, recent: RecentLogins
    ) -> Response | None:
        """The same login from the start, where that may help and was not tried yet; None otherwise."""
        again = failure.again
        if (
            again is None
            or failure.reason not in _BEGIN_AGAIN
            or again.attempt >= _MOST_ATTEMPTS
            or not request.navigation
            or request.host != self.public_host
        ):
            return None
        target = again.target or "/"
        await self._check_loop(request, target, recent)
        return await self._begin(request, target, again.acr_values, again.hint, attempt=again.attempt + 1)

    async def _begin(
        self,
        request: CanonicalRequest,
        target: str,
        acr_values: Sequence[str],
        hint: str | None,
        *,
        attempt: int = 0,
    ) -> Response:
        wait = self.limits.take(request.client)
        if wait:
            raise ClientLimited("logins", wait)
        begun = await self.login.begin(
            target,
            request.cookies,
            language=request.language,
            acr_values=acr_values,
            login_hint=hint,
            client=request.client,
            attempt=attempt,
            rounds=self._recent_logins(request).count,
            had=mark(request.cookies.get(self.sessions.cookie_name)),
        )
        return redirect(begun.location, begun.set_cookies)

    def _recent_logins(self, request: CanonicalRequest) -> RecentLogins:
        return self.loop_cookie.read(request.cookies, self.clock())

    async def _check_loop(self, request: CanonicalRequest, target: str, recent: RecentLogins) -> None:
        if not recent.too_many:
            return
        ticket = request.cookies.get(self.sessions.cookie_name)
        cause = recent.cause(has_ticket=ticket is not None)
        if ticket is not None and not recent.failed:
            with suppress(StoreUnavailable):
                cause = cause if await self.sessions.peek(ticket) is None else "asked-again"
        # Why the latest login failed is what the browser's own cookie says: that is not for a metric.
        self.on_event(LoginEnded("login-loop" if recent.failed else cause))
        log.info("login loop stopped", reason=cause, rounds=recent.count, request_id=request.id)
        raise LoginFailed("login-loop", cause, cause=cause, rounds=recent.count, target=target)


_QUERY = "=&%+:/?@!$'()*,;~-._"
