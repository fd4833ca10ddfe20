"""/oauth2/start and /oauth2/callback: from nobody to a session.

They decide where a person goes next; how a login is proven is the auth area's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import structlog

from gateway.auth.hints import login_hint
from gateway.auth.login import Login
from gateway.endpoints.answers import query_value, redirect, request_of
from gateway.endpoints.login_loop import SUCCEEDED, RoundCookie
from gateway.endpoints.return_path import path_on, safe_target
from gateway.errors import BadRequest, LoginFailed
from gateway.model import CanonicalRequest
from gateway.pages.render import Answer
from gateway.session.sessions import Sessions
from gateway.trail import Trail

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LoginEndpoints:
    """The two ends of a login; `told` hears how each login ended ("ok" or a reason).

    `public_url` is where people reach the gateway, and `public_host` its host as requests carry it: the provider
    sends browsers back there and nowhere else.
    """

    login: Login
    sessions: Sessions
    rounds: RoundCookie
    told: Callable[[str], None]
    clock: Callable[[], float]
    public_url: str
    public_host: str

    async def start(self, trail: Trail) -> Answer:
        """Begin a login that comes back to `rd`, a path of this site.

        `acr_values` asks for one of these ways to log in, `doelgroep` and `organisation` for an identity.
        Raises BadRequest for what is not known.
        """
        request = request_of(trail)
        _refuse_prefetch(request)
        target = safe_target(path_on(self.public_url, query_value(request, "rd") or "/"))
        acr_values = (query_value(request, "acr_values") or "").split()
        for urn in acr_values:
            if urn not in self.login.known_methods:
                raise BadRequest("an unknown way to log in is asked for", code="acr-values")
        try:
            hint = login_hint(query_value(request, "doelgroep"), query_value(request, "organisation"))
        except ValueError as problem:
            raise BadRequest(str(problem), code="login-hint") from problem
        if request.host != self.public_host:
            query = (request.raw_query or b"").decode("ascii", "replace")
            return redirect(f"{self.public_url}/oauth2/start?{quote(query, safe=_QUERY)}", request=request)
        # A person who presses a button may always try again; a page that sends itself here may not for ever.
        if (b"sec-fetch-user", b"?1") not in request.headers:
            self._check_rounds(request, target)
        return await self._begin(request, target, acr_values, hint)

    async def begin(
        self, request: CanonicalRequest, target: str, *, acr_values: Sequence[str] = ()
    ) -> Answer:
        """Send the browser to the provider, to come back to `target`, with one of these ways to log in.

        Raises LoginFailed where that was done a few times in a row to no avail.
        """
        self._check_rounds(request, target)
        if request.host != self.public_host:
            values = f"&acr_values={quote('+'.join(acr_values), safe='+')}" if acr_values else ""
            start = f"{self.public_url}/oauth2/start?rd={quote(target, safe='')}{values}"
            return redirect(start, request=request)
        return await self._begin(request, target, acr_values, None)

    def just_failed(self, request: CanonicalRequest) -> bool:
        """Whether this browser's latest login failed a moment ago, so that it is not sent to the next one at once."""
        return self.rounds.read(request.cookies, self.clock()).failed

    async def callback(self, trail: Trail) -> Answer:
        """Finish a login: a new ticket, and on to the page that was asked for.

        A callback that comes too late, from another tab or with the back button, does no harm to somebody who
        has a session by now: they just go on.
        """
        request = request_of(trail)
        _refuse_prefetch(request)
        ticket = request.cookies.get(self.sessions.cookie_name)
        rounds, now = self.rounds.read(request.cookies, self.clock()), self.clock()
        query = (request.raw_query or b"").decode("latin-1")
        try:
            if request.host != self.public_host:
                raise LoginFailed("host-mismatch", f"the login came back at {request.host}")
            finished = await self.login.finish(query, request.cookies)
        except LoginFailed as failure:
            self.told(failure.reason)
            log.info("login failed", reason=failure.reason, detail=failure.detail, request_id=request.id)
            # Only a login that this browser began counts: nobody else can make it seem to go round.
            began = "target" in failure.facts
            counted = (self.rounds.after(rounds, failure.reason, now),) if began else ()
            if ticket is not None and await self.sessions.open(ticket) is not None:
                onward = safe_target(str(failure.facts.get("target", "/")))
                return redirect(onward, counted, request=request)
            if began and rounds.count:
                failure.facts["rounds"] = rounds.count + 1
            failure.set_cookies = counted
            raise
        session, new_ticket = await self.sessions.create(finished.identity, finished.tokens, replaces=ticket)
        trail.session = session
        if faults := finished.identity.faults:
            unread = [f"{each.claim}: {each.fault}" for each in faults]
            log.warning("claims could not be read", unread=unread, request_id=request.id)
        self.told(SUCCEEDED)
        ended = self.rounds.after(rounds, SUCCEEDED, now)
        cookies = (*finished.set_cookies, ended, self.sessions.set_cookie(new_ticket))
        return redirect(finished.target, cookies, request=request)

    async def _begin(
        self, request: CanonicalRequest, target: str, acr_values: Sequence[str], hint: str | None
    ) -> Answer:
        begun = await self.login.begin(
            target, request.cookies, language=request.language, acr_values=acr_values, login_hint=hint
        )
        return redirect(begun.location, begun.set_cookies, request=request)

    def _check_rounds(self, request: CanonicalRequest, target: str) -> None:
        rounds = self.rounds.read(request.cookies, self.clock())
        if not rounds.too_many:
            return
        cause = rounds.cause(has_ticket=self.sessions.cookie_name in request.cookies)
        self.told(cause)
        log.warning("login loop stopped", reason=cause, rounds=rounds.count, request_id=request.id)
        raise LoginFailed("login-loop", cause, cause=cause, rounds=rounds.count, target=target)


_QUERY = "=&%+:/?@!$'()*,;~-._"


def _refuse_prefetch(request: CanonicalRequest) -> None:
    """A browser that only looks ahead must not use up a login, nor begin one."""
    for name, value in request.headers:
        if name in (b"sec-purpose", b"purpose") and b"prefetch" in value.lower():
            raise BadRequest("a login is not for looking ahead", code="prefetch")
