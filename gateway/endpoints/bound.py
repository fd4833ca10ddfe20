"""/oauth2/bound/register and /oauth2/bound/refresh: a browser binds its session to a key, and proves that it has the key.

Device Bound Session Credentials (https://w3c.github.io/webappsec-dbsc/). Browsers call both by themselves. A refresh makes
requests wait: it needs one look in the session store at most, and never the provider.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

import structlog
from starlette.requests import Request

from gateway.client_limits import ClientLimits
from gateway.endpoints.requests import exchange_of
from gateway.errors import BadRequest, ClientLimited, StoreUnavailable
from gateway.events import OnEvent, SessionProven
from gateway.exchange import Caller
from gateway.http_semantics import HeaderLine
from gateway.responses import Response, cookie_lines, json_response
from gateway.session.bindings import BEFORE_SECONDS, Bindings, instructions
from gateway.session.codec import Binding
from gateway.session.device_proof import DeviceProof, ProofRefused, item_text, public_key, read_proof
from gateway.session.sessions import Sessions
from gateway.session.ticket import binding_of

log = structlog.get_logger()
REGISTER: Final = "/oauth2/bound/register"
REFRESH: Final = "/oauth2/bound/refresh"
_RESPONSE: Final = b"secure-session-response"
_SESSION: Final = b"sec-secure-session-id"
# What a browser mends by signing once more.
_AGAIN: Final = frozenset(("challenge", "challenge-too-old", "challenge-used"))
# Two requests a refresh; for as many tabs as people have.
_BURST: Final = 30
_EVERY: Final = 5.0


@dataclass(frozen=True, slots=True)
class BoundEndpoints:
    """Binds sessions and renews the proof of their keys. `clock` gives seconds since the epoch."""

    sessions: Sessions
    bindings: Bindings
    limits: ClientLimits
    on_event: OnEvent
    clock: Callable[[], float]
    public_url: str

    @classmethod
    def of(
        cls,
        sessions: Sessions,
        on_event: OnEvent,
        *,
        clock: Callable[[], float],
        steady: Callable[[], float],
        public_url: str,
    ) -> BoundEndpoints | None:
        """None where sessions are not bound."""
        if sessions.bindings is None:
            return None
        limits = ClientLimits(_BURST, _EVERY, steady=steady)
        return cls(sessions, sessions.bindings, limits, on_event, clock, public_url)

    @property
    def routes(self) -> tuple[tuple[str, Callable[[Request], Awaitable[Response]]], ...]:
        """What answers a POST, by path."""
        return (REGISTER, self.register), (REFRESH, self.refresh)

    async def invitation(self, ticket: str) -> Iterable[HeaderLine]:
        """The header by which the browser that gets this ticket may bind its session; none where the store is down."""
        try:
            code = await self.bindings.invite(ticket)
        except StoreUnavailable as trouble:
            log.warning("a session could not be offered to be bound", reason=trouble.detail)
            return ()
        kinds = " ".join(self.bindings.settings.algorithms)
        challenge = self.bindings.challenge(code)
        value = f'({kinds});path="{REGISTER}";challenge="{challenge}";authorization="{code}"'
        return ((b"secure-session-registration", value.encode("ascii")),)

    async def register(self, request: Request) -> Response:
        """Bind the session that the code of a login belongs to. Raises BadRequest, StoreUnavailable."""
        exchange = exchange_of(request)
        try:
            proof, key = self._registration(exchange.admitted.header(_RESPONSE))
            await self.bindings.use_challenge(proof.challenge)
            ticket = await self.bindings.invited(proof.authorization or "")
            found = await self.sessions.peek(ticket) if ticket is not None else None
            if ticket is None or found is None or found.session.binding is not None:
                raise ProofRefused("session-over")
            binding = Binding(self.bindings.new_id(), proof.algorithm, key, self.clock())
            # The ticket becomes a new one, which opens nothing without a proof of the key.
            bound = await self.sessions.renew(
                ticket,
                replace(found.session, binding=binding),
                found.session.identity,
                leads_for=BEFORE_SECONDS,
            )
            if bound is None:
                raise ProofRefused("session-over")
        except ProofRefused as refusal:
            self._note("register", refusal.reason, request)
            raise BadRequest(refusal.reason, code="binding") from refusal
        session, fresh = bound
        exchange.caller = Caller(session)
        self._note("register", "ok", request)
        return self._instructions(binding, self.sessions.set_cookie(fresh))

    def _registration(self, header: bytes | None) -> tuple[DeviceProof, dict[str, str]]:
        """(proof, public key) of a registration. Raises ProofRefused.

        What this gateway did not ask for is refused before a signature is verified.
        """
        text = item_text(header)
        if text is None:
            raise ProofRefused("malformed")
        proof = read_proof(text)
        self.bindings.check_challenge(proof.challenge, proof.authorization or "")
        self._check_audience(proof, REGISTER)
        key = public_key(proof.algorithm, proof.jwk, self.bindings.settings.algorithms)
        proof.check(proof.algorithm, key)
        return proof, key

    async def refresh(self, request: Request) -> Response:
        """A new proof of the key gives the browser its cookie for the next minutes; without a proof it gets a challenge.

        A browser whose session is over is told so. Looking does not prolong the session. Raises BadRequest,
        ClientLimited, StoreUnavailable.
        """
        exchange = exchange_of(request)
        admitted = exchange.admitted
        named = item_text(admitted.header(_SESSION))
        if named is None:
            # Scripts of other sites cannot send it: they learn nothing here.
            raise BadRequest("no Sec-Secure-Session-Id", code="binding")
        ticket = admitted.cookies.get(self.sessions.cookie_name, "")
        if binding_of(ticket) != named or not self.sessions.issued(ticket):
            return self._over(named, request)
        wait = self.limits.take(named)
        if wait:
            self._note("refresh", "limited", request)
            raise ClientLimited("binding", wait)
        found = await self.sessions.peek(ticket)
        binding = found.session.binding if found is not None else None
        if found is None or binding is None or binding.id != named:
            return self._over(named, request)
        exchange.caller = Caller(found.session)
        if admitted.header(_RESPONSE) is None:
            self._note("refresh", "challenged", request)
            return self._challenge(binding)
        try:
            proof = read_proof(item_text(admitted.header(_RESPONSE)) or "")
            self._check_audience(proof, REFRESH)
            await self.bindings.check(proof, binding)
        except ProofRefused as refusal:
            self._note("refresh", refusal.reason, request)
            if refusal.reason in _AGAIN:
                return self._challenge(binding)
            raise BadRequest(refusal.reason, code="binding") from refusal
        self._note("refresh", "ok", request)
        successor = self.sessions.successor(ticket)
        return self._instructions(binding, *((self.sessions.set_cookie(successor),) if successor else ()))

    def _check_audience(self, proof: DeviceProof, path: str) -> None:
        # The draft has no audience: the challenge names the environment. Earlier ones had the address.
        if proof.audience is not None and proof.audience != self.public_url + path:
            raise ProofRefused("audience")

    def _challenge(self, binding: Binding) -> Response:
        value = f'"{self.bindings.challenge(binding.id)}";id="{binding.id}"'
        return Response(status=403, lines=((b"secure-session-challenge", value.encode("ascii")),))

    def _instructions(self, binding: Binding, *more_cookies: str) -> Response:
        answer = json_response(
            instructions(
                binding.id,
                origin=self.public_url,
                refresh_url=REFRESH,
                credential=self.bindings.credential(),
            )
        )
        cookies = (self.bindings.set_cookie(binding.id), *more_cookies)
        answer.raw_headers.extend(cookie_lines(cookies))
        return answer

    def _over(self, named: str, request: Request) -> Response:
        self._note("refresh", "session-over", request)
        return json_response({"session_identifier": named, "continue": False})

    def _note(self, operation: str, result: str, request: Request) -> None:
        self.on_event(SessionProven(operation, result))
        exchange = exchange_of(request)
        write = log.warning if result in ("wrong-key", "challenge-used", "algorithm") else log.info
        write(
            "a bound session",
            operation=operation,
            result=result,
            session=exchange.caller.session_id,
            client=exchange.admitted.client,
            request_id=exchange.id,
        )
