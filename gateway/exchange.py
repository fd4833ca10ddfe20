"""The one context of a request: what each stage of the pipeline learned about it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import NamedTuple

from gateway.caching.known_lines import with_passing, without
from gateway.errors import GatewayError, NotFound
from gateway.handling import PLAIN, Handling
from gateway.http_semantics import Forwarded, HeaderLine, HeaderLines
from gateway.model import CanonicalRequest, Decision, DecisionInput, Identity
from gateway.policy.facts import NOTHING_ASKED, Gathered
from gateway.responses import Message, Receive, Scope, Send, cookie_lines
from gateway.session.sessions import Session
from gateway.upstream.progress import Progress
from gateway.upstream.request import Framing


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request: a person's session or a program's identity, else nobody.

    `trouble` says why that could not be found out, for example because the session store is down.
    """

    session: Session | None = None
    program: Identity | None = None
    trouble: GatewayError | None = None

    @property
    def identity(self) -> Identity | None:
        """The identity that rules judge and the register sees."""
        return self.session.identity if self.session is not None else self.program

    @property
    def session_id(self) -> str | None:
        """The public id of the session; None for anybody without one."""
        return self.session.id if self.session is not None else None


class Outgoing(NamedTuple):
    """The header lines that go to the register, each with its line end, and how the body is framed."""

    lines: bytes
    framing: Framing


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules said. `rules` is the hash of the rule set, `facts` what fact sources answered."""

    rules: str
    decision_input: DecisionInput | None = None
    decision: Decision | None = None
    facts: Gathered = NOTHING_ASKED


NOBODY = Caller()


@dataclass(slots=True)
class Exchange:
    """One request and its response. Each stage fills in its part.

    `now` is the time of the decision in seconds since the epoch, `started` is for measuring the duration. `earlier`
    is the exchange of an open stream that this one judges again.
    """

    scope: Scope
    receive: Receive
    client_send: Send
    now: float
    started: float = field(default_factory=time.perf_counter)
    earlier: Exchange | None = None
    # admit
    request: CanonicalRequest | None = None
    # route: the path of the own endpoint that answers
    endpoint: str | None = None
    # where to go, instead of to the register, if the request is allowed
    onward: str | None = None
    # route: the id of the kept form that this request is, until it is known what became of it
    kept_form: str | None = None
    # the same once it waits again, as it did not reach the register
    returned_form: str | None = None
    # authenticate
    caller: Caller = NOBODY
    # the ticket that a stream goes on with once its own was replaced
    later_ticket: str | None = None
    # authorize
    judgement: Judgement | None = None
    handling: Handling = PLAIN
    # attach: what goes to the register
    outgoing: Outgoing | None = None
    # forward: how far the request has come
    progress: Progress | None = None
    # Set-Cookie values that go along with whatever response there will be
    set_cookies: list[str] = field(default_factory=list)
    # forward, refuse or an own endpoint: 0 as long as the client has not been answered
    status: int = 0
    error: GatewayError | None = None
    # refuse: what an error was answered with, see observe/refusal.py; and in which language
    shown: str = ""
    language: str = ""
    # the response broke off after it had begun
    broken_off: bool = False
    # why the gateway ended the response before its time: `reason` is a stable code
    cut: Mapping[str, str] | None = None
    # a WebSocket is recorded when it opens, anything else at its end
    recorded: bool = False
    # the id as long as there is no request; made where it is needed
    first_id: str = ""

    @property
    def id(self) -> str:
        """The id that the response, the page, the log, the record and the register carry."""
        if self.request is not None:
            return self.request.id
        self.first_id = self.first_id or token_hex(16)
        return self.first_id

    @property
    def admitted(self) -> CanonicalRequest:
        """The canonical request, for the stages after admission."""
        if self.request is None:
            raise RuntimeError("the request has not been admitted")
        return self.request

    @property
    def forwarded(self) -> Forwarded:
        """How far the request has come on its way to the register."""
        return self.progress.forwarded if self.progress is not None else "no"

    @property
    def delivered(self) -> Forwarded | None:
        """How far the request has come; None where it never was for the register: it was not admitted, or for an own path."""
        own = self.request is None or self.endpoint is not None or isinstance(self.error, NotFound)
        return None if own else self.forwarded

    @property
    def peer(self) -> str:
        """The address at the other end of the connection."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    async def send(self, message: Message) -> None:
        """Send an ASGI event to the client."""
        if message["type"] == "http.response.start":
            message = {**message, "headers": self.head(message["status"], message.get("headers", ()))}
        await self.client_send(message)

    def head(self, status: int, headers: Iterable[HeaderLine]) -> HeaderLines:
        """The headers of the response that begins now: these, with our id and cookies."""
        self.status = status
        own: HeaderLines = ((b"x-request-id", self.id.encode("ascii")),)
        if self.set_cookies:
            own += tuple(cookie_lines(self.set_cookies))
        return with_passing(without(b"x-request-id", headers), own)

    def forget_errors(self) -> None:
        """After the record: an error holds the frames that it went through, those hold this exchange and the rule set,
        and a reload would keep all of it until the next full garbage collection."""
        self.error = None
        if self.caller.trouble is not None:
            self.caller = NOBODY

    def again(self, now: float) -> Exchange:
        """The exchange that judges this one again, at a later moment."""
        return Exchange(self.scope, self.receive, self.client_send, now, earlier=self, request=self.request)
