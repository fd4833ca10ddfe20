"""The decision point of one environment: its endpoints and callers, joined, and its listener."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from gateway.authzen.authorization_api import AuthorizationApi
from gateway.authzen.callers import Callers
from gateway.authzen.listener import tls_context, with_certificate
from gateway.authzen.page_tokens import PageTokens
from gateway.authzen.request_mapping import RequestMapping
from gateway.authzen.settings import AuthzenSettings
from gateway.decision_point.evaluation_endpoints import EvaluationEndpoints
from gateway.decision_point.evaluation_response import EvaluationResponses
from gateway.decision_point.evaluator import Evaluator
from gateway.decision_point.search import SearchEndpoints
from gateway.decision_point.subjects import Subjects
from gateway.edge.drain import DrainedServer
from gateway.edge.protocol import protocol_class
from gateway.edge.refusals import Refusals
from gateway.edge.second_listener import second_listener
from gateway.edge.settings import MOST_NEW, EdgeSettings
from gateway.edge.tls_entrance import behind_tls
from gateway.events import OnEvent
from gateway.model import Language
from gateway.observe.record_writer import DecisionRecords
from gateway.pages.problem import Problems
from gateway.pipeline.pipeline import Pipeline
from gateway.policy.facts import Gatherer
from gateway.policy.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class Parts:
    """What of an environment the decision point is built on."""

    pipeline: Pipeline
    facts: Gatherer
    rules: Callable[[], RuleSet]
    records: DecisionRecords
    problems: Problems
    language: Language
    edge: EdgeSettings
    on_event: OnEvent
    count: Callable[[str, str], None]
    steady: Callable[[], float]


class DecisionPointServer:
    """Opens with the gateway: `start` reads the tokens of callers and the keys for pages."""

    def __init__(
        self, settings: AuthzenSettings, parts: Parts, subjects: Subjects, tokens: PageTokens
    ) -> None:
        self._settings = settings
        self._edge = parts.edge
        self._on_event = parts.on_event
        self.callers = Callers(settings.callers)
        self.tokens = tokens
        judge = parts.pipeline.judge
        peeking = replace(judge.authorize, gatherer=parts.facts.peeking())
        evaluator = Evaluator.of(
            parts.pipeline.admit,
            parts.pipeline.route.endpoints,
            judge,
            replace(judge, authorize=peeking),
            parts.records,
        )
        mapping = RequestMapping(settings)
        self.evaluations = EvaluationEndpoints(
            evaluator,
            subjects,
            mapping,
            EvaluationResponses(parts.problems, parts.language),
            settings.max_evaluations,
            parts.count,
        )
        self.searches = SearchEndpoints(
            evaluator,
            subjects,
            mapping,
            tokens,
            parts.rules,
            further=parts.edge.methods,
            page_size=settings.page_size,
            steady=parts.steady,
        )
        self.api = AuthorizationApi(
            settings,
            self.callers,
            {
                "access_evaluation_endpoint": self.evaluations.evaluate,
                "access_evaluations_endpoint": self.evaluations.evaluate_all,
                "search_subject_endpoint": self.searches.subject,
                "search_resource_endpoint": self.searches.resource,
                "search_action_endpoint": self.searches.action,
            },
        )

    async def start(self) -> None:
        """Read tokens and keys. Raises ValueError with a message for operators."""
        await asyncio.to_thread(self.callers.read)
        await asyncio.to_thread(self.tokens.start)

    async def aclose(self) -> None:
        """Nothing stays open."""

    @contextlib.asynccontextmanager
    async def listening(self, sock: socket.socket) -> AsyncIterator[DrainedServer]:
        """Answer questions on this socket while the block runs. Raises ValueError where TLS cannot be set up."""
        tls = None
        if self._settings.tls is not None:
            tls = await asyncio.to_thread(tls_context, self._settings.tls)
        # Who speaks here is known: no proxy is believed about an address, and HSTS is for browsers.
        edge = self._edge.model_copy(
            update={
                "trusted_proxies": (),
                "max_body_bytes": max(self._settings.max_body_bytes, 1),
                "max_connections_per_client": self._edge.max_connections,
                "max_new_connections_per_client": MOST_NEW,
                "hsts": None,
            }
        )
        protocol = with_certificate(protocol_class(edge, refusals=Refusals(self._on_event)))
        if tls is not None:
            protocol = behind_tls(protocol, tls)
        async with second_listener(self.api, sock, protocol) as server:
            yield server
