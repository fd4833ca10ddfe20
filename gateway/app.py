"""Assembles the gateway of one environment: every area with its own settings, joined in the pipeline.

The one place that knows all areas. Constructing opens nothing; the ASGI lifespan opens what must be open and
closes it again, also after a start that failed half-way.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import structlog

from gateway import __version__
from gateway.auth.login import Login
from gateway.auth.logout import Logout
from gateway.auth.machines import Machines
from gateway.auth.provider import Provider
from gateway.auth.renewal import Renewal
from gateway.blocks.blocks import Blocks
from gateway.config import Config
from gateway.edge.admit import Admission
from gateway.edge.headers import ForwardedHeaders
from gateway.ending import Ending
from gateway.endpoints.own import own_endpoints
from gateway.errors import GatewayError, StoreUnavailable
from gateway.identity.assertions import Assertions
from gateway.identity.headers import OutgoingHeaders
from gateway.model import Identity
from gateway.observe.decision_record import Pseudonyms
from gateway.observe.health import Health, HealthStatus
from gateway.observe.listener import operators_listener
from gateway.observe.logs import configure_logs
from gateway.observe.metrics import Metrics
from gateway.observe.record_writer import DecisionRecords
from gateway.pages.error_response import ErrorResponses
from gateway.pages.language import negotiate
from gateway.pages.render import Pages
from gateway.pipeline import Pipeline
from gateway.policy.facts import Gatherer
from gateway.policy.ruleset import RuleSet, claims_of
from gateway.reload.rules import Reloading
from gateway.reload.shadow import Shadow
from gateway.session.recheck import Recheck
from gateway.session.sessions import Sessions
from gateway.trail import Trail
from gateway.upstream.forward import Forwarder
from gateway.upstream.live_streams import Streams
from gateway.upstream.pool import ConnectionPool

log = structlog.get_logger()


class Gateway:
    """The gateway of one environment as an ASGI application. `observe_socket` is where operators listen."""

    def __init__(
        self,
        config: Config,
        environment: str,
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        observe_socket: socket.socket | None = None,
    ) -> None:
        self.environment = environment
        self.settings = settings = config.environment(environment)
        self._clock = clock
        self._observe_socket = observe_socket
        self._draining = False
        self._stack = AsyncExitStack()
        public_url = settings.public_url

        self.metrics = Metrics(environment, version=__version__, clock=clock)
        self.provider = Provider(settings.provider, clock=clock, told=self.metrics.provider_call)
        self.streams = Streams[Trail](
            settings.observe.streams,
            self._judge_again,
            count=self.metrics.streams,
            told=self.metrics.stream_cut,
        )
        self.sessions = Sessions(
            settings.session,
            environment=environment,
            secure=public_url.startswith("https://"),
            clock=clock,
            steady=steady,
            ended=self.streams.session_ended,
        )
        self.login = Login(
            self.provider,
            config.identity.claims,
            config.identity.rights,
            environment=environment,
            public_url=public_url,
            key=settings.session.key.read,
            clock=clock,
            once=self.sessions.notes.once,
        )
        self.renewal = Renewal(self.provider, config.identity.claims, config.identity.rights, clock=clock)
        self.rechecks = Recheck(
            settings.session,
            self.sessions,
            renew=self.renewal.renew,
            reachable=self.provider.reachable,
            patience=2 * settings.provider.timeout,
            clock=clock,
        )
        self.machines = (
            Machines(settings.machines, self.provider, clock=clock, told=self.metrics.provider_call)
            if settings.machines is not None
            else None
        )
        self.assertions = Assertions(
            settings.assertion,
            environment=environment,
            issuer=public_url,
            audience=settings.upstream.url,
            clock=clock,
        )
        self.pool = ConnectionPool(settings.upstream)
        self.gatherer = Gatherer()
        self.reloading = Reloading(
            config,
            environment,
            metrics=self.metrics,
            clock=clock,
            changed=self._rules_changed,
            told=self._record_event,
        )
        self.shadow = Shadow(
            lambda: self.reloading.config.environment(environment).shadow,
            environment,
            metrics=self.metrics,
            changed=self._look_at_claims,
            told=self._record_event,
        )
        self.blocks = Blocks(
            settings.blocks,
            config.blocks_file(environment),
            environment=environment,
            names=self._person_names,
            changed=self.streams.judge_soon,
            told=self._record_event,
            count=self.metrics.blocks,
        )
        self._records: DecisionRecords | None = None
        pages = Pages(settings.support, environment)
        admission = Admission(
            settings.edge,
            public_url=public_url,
            cookie_prefix=self.sessions.cookie_prefix,
            language=negotiate,
        )
        own = own_endpoints(
            environment,
            public_url=public_url,
            public_host=admission.authorities.public,
            form_limit=settings.session.form_limit,
            login=self.login,
            logout=Logout(self.provider, public_url=public_url),
            sessions=self.sessions,
            rechecks=self.rechecks,
            assertions=self.assertions,
            pages=pages,
            metrics=self.metrics,
            rules=self.rules,
            clock=clock,
            again=self,
        )
        ending = Ending(
            answers=ErrorResponses(pages, public_url=public_url),
            login=own.login,
            resume=own.resume,
            metrics=self.metrics,
            records=lambda: self._records,
            shadow=self.shadow,
        )
        self.pipeline = Pipeline(
            admission=admission,
            endpoints=own.table,
            sessions=self.sessions,
            rechecks=self.rechecks,
            machines=self.machines,
            rules=self.rules,
            blocks=self.blocks,
            gatherer=self.gatherer,
            forwarded=ForwardedHeaders(
                trusted_chain=bool(settings.edge.trusted_proxies), allow=settings.edge.request_headers.allow
            ),
            outgoing=OutgoingHeaders(
                config.identity.headers,
                settings.assertion.header,
                encoding=config.identity.header_encoding,
                strip=config.identity.strip_headers,
            ),
            assertions=self.assertions,
            forwarder=Forwarder(
                settings.upstream,
                self.pool,
                own_cookies=self.sessions.cookie_prefix,
                max_body=settings.edge.max_body_bytes,
                body_timeout=settings.edge.body_timeout,
            ),
            streams=self.streams,
            resumed=own.resume.meant,
            refuse=ending.refuse,
            record=ending.record,
            clock=clock,
        )

    def rules(self) -> RuleSet:
        """The rule set in force."""
        return self.reloading.rules

    def reload_soon(self) -> None:
        """Read the rules again."""
        self.reloading.soon()

    async def _judge_again(self, trail: Trail) -> GatewayError | None:
        return await self.pipeline.judge_again(trail)

    def _record_event(self, event: Mapping[str, Any]) -> None:
        if self._records is not None:
            self._records.write(event)

    def _rules_changed(self) -> None:
        self._look_at_claims()
        self.streams.judge_soon()

    def _look_at_claims(self) -> None:
        if self._records is not None:
            sets = (self.rules(), *((self.shadow.rules,) if self.shadow.rules is not None else ()))
            self._records.look_at(frozenset[str]().union(*map(claims_of, sets)))

    def _person_names(self) -> Callable[[Identity], tuple[str, ...]]:
        secrets = (self.settings.session.key, *self.settings.session.previous_keys)
        several = tuple(Pseudonyms(secret.read(), self.environment) for secret in secrets)
        return lambda identity: tuple(each.of(identity) for each in several)

    def drain(self) -> None:
        """Answer "not ready" from now on: the process is about to stop."""
        self._draining = True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application: HTTP goes through the pipeline."""
        if scope["type"] == "http":
            self.metrics.started()
            await self.pipeline(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    # Starting and stopping

    async def start(self) -> None:
        """Open everything. Raises ValueError or StoreUnavailable with words for an operator; then nothing is open."""
        settings = self.settings
        configure_logs(level=settings.observe.log_level, form=settings.observe.log_format)
        try:
            self._stack.push_async_callback(self.gatherer.aclose)
            machines = (self.machines,) if self.machines is not None else ()
            for part in (
                self.provider,
                self.sessions,
                self.rechecks,
                self.login,
                self.renewal,
                self.assertions,
                self.pool,
                self.streams,
                *machines,
            ):
                self._stack.push_async_callback(part.aclose)
                await part.start()
            self._records = DecisionRecords(
                settings.observe,
                self.environment,
                key=settings.session.key.read(),
                clock=self._clock,
                dropped=self.metrics.records_dropped,
            )
            self._stack.push_async_callback(self._records.aclose)
            await self._records.start()
            self._look_at_claims()
            for later in (self.blocks, self.reloading, self.shadow):
                self._stack.push_async_callback(later.aclose)
                await later.start()
            if self._observe_socket is not None:
                checks = {
                    "serving": self._check_serving,
                    "sessions": self._check_sessions,
                    "rules": self.reloading.check,
                    "shadow": self.shadow.check,
                    "blocks": self._check_blocks,
                }
                health = Health(self.metrics, checks)
                await self._stack.enter_async_context(operators_listener(health, self._observe_socket))
        except BaseException:
            await self._stack.aclose()
            raise
        log.info("gateway started", environment=self.environment, public_url=settings.public_url)

    async def aclose(self) -> None:
        """Close everything, in the reverse order."""
        await self._stack.aclose()

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        try:
            await self.start()
        except (ValueError, StoreUnavailable) as problem:
            words = getattr(problem, "detail", None) or str(problem)
            log.error("gateway not started", reason=words)
            await send({"type": "lifespan.startup.failed", "message": words})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _check_serving(self) -> HealthStatus:
        return HealthStatus(not self._draining, "stopping" if self._draining else "")

    async def _check_blocks(self) -> HealthStatus:
        return HealthStatus(True, self.blocks.trouble)

    async def _check_sessions(self) -> HealthStatus:
        await self.sessions.check()
        return HealthStatus(True)
