"""Decides about a hypothetical request: by the stages of a request, up to the decision, with a record of its own."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, NoReturn

import structlog

from gateway.authzen.request_mapping import MappedRequest
from gateway.caching.known_lines import RepeatedLines
from gateway.caching.recent import Recent
from gateway.edge.synthetic_scope import synthetic_scope
from gateway.endpoints.table import OwnEndpoints
from gateway.errors import GatewayError, InternalFault, NotFound
from gateway.exchange import Caller, Exchange
from gateway.http_semantics import HeaderLine
from gateway.model import DecisionInput, Identity, Language
from gateway.observe.asked_by import About, AskedBy
from gateway.observe.record_writer import DecisionRecords
from gateway.pipeline.admit import Admit
from gateway.pipeline.authenticate import Authenticate
from gateway.pipeline.judge import Judge
from gateway.pipeline.record import entry_of
from gateway.responses import Message

log = structlog.get_logger()
NO_WORDS: Final = About("", "", "")
_HEADS: Final = 256
_HEADS_SECONDS: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class HypotheticalRequest:
    """A request that nobody sent, but that a program asks about. `address` is the client's; `moment` None for now.

    `question_id` is the program's own id of the question, `about` what was asked, in its words; `counts`: it counts for
    rate limits as if it was sent.
    """

    program: str
    question_id: str
    target: MappedRequest
    address: str
    moment: float | None = None
    language: Language = ""
    about: About = NO_WORDS
    counts: bool = False


@dataclass(frozen=True, slots=True)
class AlreadyAuthenticated(Authenticate):
    """A stage that leaves the caller as the question named it."""

    async def __call__(self, exchange: Exchange) -> None:
        """Leave `caller` as it is."""


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Takes a request through the stages as far as its decision. `judge` asks fact sources without effect, `counting` as a request.

    `public_host` is the host of a request that names none.
    """

    admit: Admit
    endpoints: OwnEndpoints
    judge: Judge
    counting: Judge
    records: DecisionRecords
    public_host: bytes
    clock: Callable[[], float]
    heads: Recent[tuple[bytes, str], RepeatedLines]

    @classmethod
    def of(
        cls, admit: Admit, endpoints: OwnEndpoints, judge: Judge, peeking: Judge, records: DecisionRecords
    ) -> Evaluator:
        """The evaluator with these stages; `peeking` asks fact sources without effect."""
        known = judge.authenticate
        introduced = AlreadyAuthenticated(
            known.sessions, known.rechecks, known.machines, known.rules, known.polling
        )
        host = admit.admission.authorities.public.encode("ascii")
        return cls(
            admit,
            endpoints,
            replace(peeking, authenticate=introduced),
            replace(judge, authenticate=introduced),
            records,
            host,
            judge.clock,
            Recent(_HEADS, _HEADS_SECONDS, judge.clock),
        )

    async def __call__(
        self, request: HypotheticalRequest, caller: Callable[[], Awaitable[Caller]]
    ) -> Exchange:
        """The exchange as it stands after the decision: without an error it may go to its upstream.

        `caller` finds whose request it is; a GatewayError that it raises is the outcome.
        """
        exchange = self.exchange(request, self._head(request))
        try:
            exchange.caller = await caller()
            self.admitted(exchange)
            await self._judge(request, exchange)
        except GatewayError as error:
            exchange.error = error
        except (Exception, SystemExit, KeyboardInterrupt) as problem:
            log.exception("evaluation failed", request_id=exchange.id, exc_info=problem)
            exchange.error = InternalFault(repr(problem))
        self._record(request, exchange)
        return exchange

    def _head(self, request: HypotheticalRequest) -> RepeatedLines:
        """The header lines of such a request, which admission reads once."""
        key = (request.target.host or self.public_host, request.language)
        found = self.heads.get(key)
        if found is None:
            found = self.heads[key] = RepeatedLines(_lines(*key))
        return found

    def exchange(self, request: HypotheticalRequest, head: RepeatedLines | None = None) -> Exchange:
        """The exchange of the request that is asked about."""
        method, target, host = request.target
        headers = head if head is not None else _lines(host or self.public_host, request.language)
        scope = synthetic_scope(method, target, headers, request.address)
        now = self.clock() if request.moment is None else request.moment
        return Exchange(scope, _nothing, _nobody, now)

    def admitted(self, exchange: Exchange) -> None:
        """Fill in `request`. Raises what refuses it, and NotFound for a path of the gateway's own."""
        self.admit(exchange)
        if self.endpoints.serves(exchange):
            raise NotFound("the gateway answers this path itself")

    def is_blocked(self, identity: Identity | None) -> bool:
        """Whether a block keeps them out now."""
        blocks = self.judge.authorize.blocks
        return identity is not None and blocks.of(identity, self.clock()) is not None

    def in_maintenance(self, decision_input: DecisionInput) -> bool:
        """Whether such a request is refused for a maintenance."""
        maintenance = self.judge.authorize.maintenance
        return maintenance.announced and maintenance.keeps_out(decision_input) is not None

    async def _judge(self, request: HypotheticalRequest, exchange: Exchange) -> None:
        # Blocked is blocked at once, whichever moment is asked about.
        self.judge.authorize.check_blocks(exchange.caller.identity, self.clock())
        await (self.counting if request.counts else self.judge)(exchange)

    def _record(self, request: HypotheticalRequest, exchange: Exchange) -> None:
        moment, exchange.now = exchange.now, self.clock()
        by = AskedBy(
            request.program,
            request.question_id,
            request.about,
            moment if request.moment is not None else None,
        )
        status = exchange.error.status if exchange.error is not None else 200
        seconds = time.perf_counter() - exchange.started
        self.records.write(entry_of(exchange, status, seconds, asked_by=by))


def _lines(host: bytes, language: str) -> list[HeaderLine]:
    lines = [(b"host", host), (b"accept", b"application/json")]
    return [*lines, (b"accept-language", language.encode("ascii"))] if language else lines


async def _nothing() -> NoReturn:
    raise RuntimeError("a request that nobody sent has no body")


async def _nobody(_message: Message) -> NoReturn:
    raise RuntimeError("a request that nobody sent has no answer")


def permitted(exchange: Exchange) -> bool:
    """Whether the request may go to its upstream."""
    judgement = exchange.judgement
    return (
        exchange.error is None
        and judgement is not None
        and judgement.decision is not None
        and judgement.decision.allowed
    )
