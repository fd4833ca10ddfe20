"""The path of a request, top to bottom: admit, route, authenticate, block, gather, decide, attach, forward, record.

Every step is a named call that gives a value to the next one or raises a GatewayError. What the steps do is
decided in their rooms; this page only says in which order.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from gateway.auth.machines import Machines, bearer_token
from gateway.blocks.blocks import Blocks
from gateway.edge.admit import Admission
from gateway.edge.forms import is_form
from gateway.edge.headers import ForwardedHeaders
from gateway.errors import (
    BadRequest,
    Blocked,
    FactsUnavailable,
    GatewayError,
    InternalFault,
    LoginRequired,
    PolicyFailed,
    ProviderUnavailable,
    ReauthenticationRequired,
    StoreUnavailable,
    refusal,
)
from gateway.identity.assertions import Assertions
from gateway.identity.headers import OutgoingHeaders
from gateway.model import NOTHING, CanonicalRequest, DecisionInput
from gateway.policy.evaluate import decide, questions
from gateway.policy.facts import Gatherer
from gateway.policy.ruleset import RuleSet
from gateway.policy.step_up import methods_for_login
from gateway.session.recheck import Recheck
from gateway.session.sessions import Sessions
from gateway.session.ticket import is_ticket
from gateway.trail import Endpoint, HeaderLines, Receive, Scope, Send, Trail
from gateway.upstream.forward import AnswerCut, ClientGone, Forwarder
from gateway.upstream.live_streams import Cut, Streams

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The steps of one environment. `rules` gives the rule set that is in force at this moment."""

    admission: Admission
    endpoints: Mapping[str, Endpoint]
    sessions: Sessions
    rechecks: Recheck
    machines: Machines | None
    rules: Callable[[], RuleSet]
    blocks: Blocks
    gatherer: Gatherer
    forwarded: ForwardedHeaders
    outgoing: OutgoingHeaders
    assertions: Assertions
    forwarder: Forwarder
    streams: Streams[Trail]
    resumed: Callable[[CanonicalRequest], Endpoint | None]
    refuse: Callable[[Trail, GatewayError, Receive, Send], Awaitable[None]]
    record: Callable[[Trail], None]
    clock: Callable[[], float]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request from the first to the last step. Raises only to cut off an answer that has begun."""
        trail = Trail(scope, self.clock(), time.perf_counter())
        try:
            trail.request = request = self.admission.admit(scope)
            endpoint = self.route(trail, request)
            if endpoint is not None:
                await endpoint(trail, receive, send)
                return
            await self.authenticate(trail, request)
            await self.recheck(trail, request)
            self.block(trail)
            rules = self.rules()
            given = await self.gather(trail, rules, request)
            self.decide(trail, rules, given)
            headers = self.attach(trail, request)
            await self.forward(trail, request, headers, receive, send)
        except GatewayError as error:
            await self.refuse(trail, error, receive, send)
        except (ClientGone, AnswerCut) as problem:
            trail.broken_off = isinstance(problem, AnswerCut)
            log.info("answer not completed", request_id=trail.request_id, reason=type(problem).__name__)
        except Exception as problem:
            log.exception("request failed", request_id=trail.request_id)
            await self.refuse(trail, InternalFault(repr(problem)), receive, send)
        finally:
            self.record(trail)

    def route(self, trail: Trail, request: CanonicalRequest) -> Endpoint | None:
        """The own endpoint that this request belongs to; None where the rules decide."""
        if request.method == "POST" and (kept := self.resumed(request)) is not None:
            return kept
        first = request.segments[0]
        if first not in _RESERVED:
            return None
        trail.endpoint = request.path
        found = self.endpoints.get(request.path)
        if found is None and first == "oauth2":
            return self.endpoints["/oauth2/**"]
        return found

    async def authenticate(self, trail: Trail, request: CanonicalRequest, *, used: bool = True) -> None:
        """Who asks: the session of the ticket cookie, or the bearer token; nobody where neither is there.

        A ticket that does not hold counts as none; a token that does not hold is refused, and so are both at once.
        With `used` false, the session does not live longer for it.
        """
        ticket = request.cookies.get(self.sessions.cookie_name)
        token = bearer_token(request.headers) if self.machines is not None else None
        if token is None and ticket is None:
            return
        try:
            if self.machines is not None and token is not None:
                if ticket is not None:
                    raise BadRequest("both a session and a bearer token", code="two-identities")
                trail.machine = await self.machines.identity(token)
            elif ticket is None:
                return
            elif used:
                trail.session = await self.sessions.open(ticket)
            else:
                found = await self.sessions.look(ticket)
                trail.session = found[0] if found is not None else None
        except (StoreUnavailable, ProviderUnavailable) as trouble:
            # What is open to anyone stays open; whatever needs an identity is refused for this reason.
            trail.trouble = trouble

    async def recheck(self, trail: Trail, request: CanonicalRequest, *, lasts: bool = False) -> None:
        """What the session says is asked of the provider again where it is time; a new ticket goes along.

        What never was a ticket is taken away. A request that `lasts` cannot be sent through the provider any more.
        """
        ticket = request.cookies.get(self.sessions.cookie_name)
        if ticket is None:
            return
        if trail.session is None:
            if not is_ticket(ticket):
                trail.cookies.append((b"set-cookie", self.sessions.clear_cookie().encode("ascii")))
            return
        try:
            trail.session = await self.rechecks.current(
                ticket,
                trail.session,
                navigation=request.navigation and not lasts,
                lenient=lasts or is_form(request),
            )
        except (ReauthenticationRequired, ProviderUnavailable, StoreUnavailable) as trouble:
            trail.session = None
            trail.trouble = trouble
        successor = self.sessions.successor(ticket)
        if successor is not None:
            trail.cookies.append((b"set-cookie", self.sessions.set_cookie(successor).encode("ascii")))

    def block(self, trail: Trail) -> None:
        """Nobody whom an operator blocked goes on, whatever the rules say. Raises Blocked."""
        identity = trail.identity
        found = self.blocks.of(identity, trail.now) if identity is not None else None
        if found is not None:
            trail.block = found.id
            raise Blocked(f"block {found.id}", block=found.id)

    async def gather(
        self,
        trail: Trail,
        rules: RuleSet,
        request: CanonicalRequest,
        *,
        known: Mapping[str, Any] = NOTHING,
    ) -> DecisionInput:
        """What there is to decide about, with the facts that the matching rule needs from outside.

        What is `known` is not asked again of sources that count their questions.
        """
        given = DecisionInput(
            method=request.method,
            host=request.host,
            path=request.path,
            segments=request.segments,
            client=request.client,
            now=trail.now,
            identity=trail.identity,
        )
        if not rules.asking:
            return given
        asked = questions(rules, given)
        if known:
            asked = tuple(each for each in asked if each.source.fresh > 0 or each.name not in known)
        trail.gathered = gathered = await self.gatherer.gather(asked)
        for name, problem in gathered.failures.items():
            log.warning("fact not gathered", fact=name, reason=problem, request_id=trail.request_id)
        facts = {**known, **gathered.facts} if known else gathered.facts
        return replace(given, facts=facts) if facts else given

    def decide(self, trail: Trail, rules: RuleSet, given: DecisionInput) -> None:
        """What the rules say; raises when they do not allow it."""
        identity = given.identity
        trail.rules, trail.given = rules.hash, given
        trail.decision = decision = decide(rules, given)
        if decision.allowed:
            return
        if decision.error is not None:
            raise PolicyFailed(decision.error)
        if identity is None and (trail.trouble is not None or decision.login_helps):
            error = trail.trouble or LoginRequired(decision.reason)
            means = methods_for_login(rules, given) if isinstance(error, LoginRequired) else ()
            error.facts.update({"acr_values": means} if means else {})
            raise error
        if trail.gathered.failures and not decision.alternatives:
            raise FactsUnavailable(f"no answer about {', '.join(trail.gathered.failures)}")
        raise refusal(decision, trail.now)

    def attach(self, trail: Trail, request: CanonicalRequest) -> HeaderLines:
        """The headers for the register: none of the client's identity headers, and ours."""
        headers = self.outgoing.strip(self.forwarded.of(request, trail.peer))
        identity = trail.identity
        if identity is None:
            return headers
        if trail.session is not None:
            about = trail.session.id
        else:
            about = f"{identity.kind} {identity.issuer} {identity.subject}"
            if self.machines is not None and not self.machines.settings.forward_authorization:
                headers = [line for line in headers if line[0] != b"authorization"]
        headers.extend(self.outgoing.build(identity, self.assertions.sign(identity, about)))
        return headers

    async def forward(
        self, trail: Trail, request: CanonicalRequest, headers: HeaderLines, receive: Receive, send: Send
    ) -> None:
        """To the register and back; ended before its time where the session, the right or the rule ends."""
        extra = ((b"x-request-id", request.id.encode("ascii")), *trail.cookies)
        work = self.forwarder.forward(
            request, headers, receive=receive, send=send, exchange=trail.exchange, extra=extra
        )
        try:
            await self.streams.carry(trail, trail.session.id if trail.session else None, work)
        except Cut as cut:
            trail.cut = {"reason": cut.reason, "why": cut.error.detail, "rules": self.rules().hash}
            if trail.exchange.started:
                raise AnswerCut(cut.reason) from cut
            raise cut.error from cut

    async def judge_again(self, earlier: Trail) -> GatewayError | None:
        """Why a request that was allowed would be refused by now; None where it would not."""
        request = earlier.request
        assert request is not None
        trail = Trail(earlier.scope, self.clock(), earlier.started, request)
        try:
            await self.authenticate(trail, request, used=False)
            if earlier.session is not None and trail.session is None:
                return trail.trouble or LoginRequired("the session has ended")
            await self.recheck(trail, request, lasts=True)
            if earlier.session is not None and trail.session is None:
                return trail.trouble or LoginRequired("the session has ended")
            self.block(trail)
            rules = self.rules()
            given = await self.gather(trail, rules, request, known=earlier.gathered.facts)
            self.decide(trail, rules, given)
        except GatewayError as error:
            return error
        return None


_RESERVED = frozenset(("oauth2", ".well-known"))
