"""What one request leaves behind on its way through the pipeline: every step and every ending reads and adds to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from gateway.errors import GatewayError
from gateway.model import CanonicalRequest, Decision, DecisionInput, Identity
from gateway.pages.render import Answer
from gateway.policy.facts import NOTHING_ASKED, Gathered
from gateway.session.sessions import Session

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
HeaderLines = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Exchange:
    """The answer that the client got: its status, and whether its head has been sent."""

    status: int = 0
    started: bool = False


@dataclass(slots=True)
class Trail:
    """What became of one request so far: the source of its decision record, its metrics and its error page."""

    scope: Scope
    now: float
    started: float
    request: CanonicalRequest | None = None
    endpoint: str | None = None
    session: Session | None = None
    machine: Identity | None = None
    trouble: GatewayError | None = None
    cookies: HeaderLines = field(default_factory=list)
    gathered: Gathered = NOTHING_ASKED
    rules: str | None = None
    given: DecisionInput | None = None
    decision: Decision | None = None
    error: GatewayError | None = None
    exchange: Exchange = field(default_factory=Exchange)
    broken_off: bool = False
    cut: Mapping[str, str] | None = None
    block: str | None = None
    spare_id: str = ""

    @property
    def request_id(self) -> str:
        """The id that answer, page, log and record carry."""
        if self.request is not None:
            return self.request.id
        if not self.spare_id:
            self.spare_id = token_hex(16)
        return self.spare_id

    @property
    def identity(self) -> Identity | None:
        """Who asks: the person of the session, or the program of the bearer token."""
        return self.session.identity if self.session is not None else self.machine

    @property
    def peer(self) -> str:
        """The address at the other end of the connection."""
        client = self.scope.get("client")
        return client[0] if client else ""


Endpoint = Callable[[Trail, Receive, Send], Awaitable[None]]


async def send_answer(trail: Trail, answer: Answer, send: Send) -> None:
    """Send an answer of the gateway's own."""
    trail.exchange.status = answer.status
    trail.exchange.started = True
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, *trail.cookies]}
    )
    await send({"type": "http.response.body", "body": answer.body})
