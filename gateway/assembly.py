"""Joins the areas of one environment in the stages of a request. Nothing is opened here."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

from gateway.analysis.access import access_of
from gateway.areas import Areas
from gateway.auth.logout import Logout, LogoutCookie
from gateway.authzen.page_tokens import PageTokens
from gateway.authzen.settings import AuthzenSettings
from gateway.client_limits import ClientLimits
from gateway.config import Config
from gateway.config.model import IdentitySection
from gateway.decision_point.desk import DecisionDesk, Parts
from gateway.decision_point.subjects import Subjects
from gateway.edge.admit import Admission
from gateway.edge.fronts import Front
from gateway.edge.headers import ForwardedHeaders
from gateway.edge.readings import PathReader
from gateway.edge.settings import FrontSettings
from gateway.endpoints.access import AccessEndpoint
from gateway.endpoints.bar import BarEndpoints
from gateway.endpoints.bound import BoundEndpoints
from gateway.endpoints.fragment import FragmentPage
from gateway.endpoints.kept_forms import KeptForms
from gateway.endpoints.language import LanguageEndpoint
from gateway.endpoints.login import LoginEndpoints
from gateway.endpoints.login_loop import LoopCookie
from gateway.endpoints.logout import LogoutEndpoints
from gateway.endpoints.notices import LogoutNotices
from gateway.endpoints.own_sessions import OwnSessionsEndpoint
from gateway.endpoints.robots import Robots
from gateway.endpoints.session import SessionEndpoints
from gateway.endpoints.signals import SignalsEndpoint
from gateway.endpoints.table import OwnEndpoints
from gateway.exchange import Exchange
from gateway.identity.assertion_check import AssertionCheck
from gateway.identity.headers import OutgoingHeaders
from gateway.identity.size import SizeWarning
from gateway.model import CanonicalRequest
from gateway.pages.access import MyAccess
from gateway.pages.error_response import ErrorResponses
from gateway.pages.render import Pages
from gateway.pages.screens import Screens
from gateway.pipeline.activity import Activity
from gateway.pipeline.admit import Admit
from gateway.pipeline.ask_again import AskAgain
from gateway.pipeline.attach import Attach
from gateway.pipeline.authenticate import Authenticate
from gateway.pipeline.authorize import Authorize
from gateway.pipeline.cross_origin import CrossOrigin
from gateway.pipeline.front import FrontDesk
from gateway.pipeline.insert_bar import carrying
from gateway.pipeline.judge import Judge, RecordedJudge
from gateway.pipeline.kept_permissions import KeptPermissions
from gateway.pipeline.permission_lifetime import PermissionLifetime
from gateway.pipeline.pipeline import Pipeline
from gateway.pipeline.polling import Polling
from gateway.pipeline.prompt import ClientCycle, Prompt
from gateway.pipeline.refuse import Refuse
from gateway.pipeline.route import Route
from gateway.pipeline.same_answer import SameAnswer
from gateway.pipeline.traced import TracedApp, TracedHeaders, Tracing, timed
from gateway.pipeline.verdict import Verdict
from gateway.pipeline.websocket import CarryWebSocket
from gateway.responses import Application, Scope
from gateway.settings import UNIX
from gateway.upstream.forward import Forwarder
from gateway.upstream.live_streams import Streams
from gateway.upstream.outside import OutsideAddresses


class Assembly(Areas):
    """The areas of one environment, joined in the stages of a request."""

    def __init__(
        self,
        config: Config,
        environment: str,
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        observe_socket: socket.socket | None = None,
        front_sockets: Mapping[str, socket.socket] | None = None,
        authzen_socket: socket.socket | None = None,
    ) -> None:
        super().__init__(config, environment, clock=clock, steady=steady)
        self._observe_socket = observe_socket
        self._front_sockets = dict(front_sockets or {})
        self._authzen_socket = authzen_socket
        self._draining = False
        settings = self.settings
        self.pages = Pages(settings.support, environment, config.languages, config.pages, clock=clock)
        self.answers = ErrorResponses(
            self.pages, public_url=settings.public_url, names=self.reload.rules, clock=clock
        )
        polling = Polling(settings.session.polling) if settings.session.polling else None
        stages = (
            Authenticate(self.sessions, self.rechecks, self.machines, self.reload.rules, polling),
            Authorize(self.reload.rules, self.blocks, self.maintenance, self.facts),
            clock,
        )
        deny = settings.observe.records_when_full == "deny"
        judge = RecordedJudge(*stages, lambda: self.records.full) if deny else Judge(*stages)
        self.streams = Streams[Exchange](settings.observe.streams, judge.again, on_event=self.events)
        self.activity = Activity(self.sessions, self.streams, settings.observe.streams, polling, self.events)
        for listener in (self.metrics, self.streams, self.records, self.rules_keeper, self.failing):
            self.events.subscribe(listener)
        self.tracing = self._tracing()
        self.pipeline = self._pipeline(judge, config.identity)
        self.handle: Application = self.pipeline
        self.prompt: Callable[[Scope, ClientCycle], bool] = Prompt(
            self.pipeline, KeptPermissions(self.pipeline), self.metrics.started
        )
        if self.tracing is not None:
            self.events.subscribe(self.tracing.calls)
            traced = self.tracing.app(self.pipeline, timed(self.pipeline, self.tracing), self.prompt)
            self.handle, self.prompt = traced, traced.prompt
        self.fronts = {name: self._front(name, each) for name, each in settings.fronts.items()}
        self.decisions = self._decisions(settings.authzen) if settings.authzen is not None else None

    def _pipeline(self, judge: Judge, identity: IdentitySection) -> Pipeline:
        settings, public_url = self.settings, self.settings.public_url
        admission = Admission(
            settings.edge,
            PathReader(settings.paths, lambda: self.reload.rules().opens),
            public_url=public_url,
            cookie_prefix=self.sessions.cookie_prefix,
            language=self.pages.languages.negotiate,
            over_file=settings.listen.startswith(UNIX),
        )
        screens = Screens(self.pages, public_url=public_url)
        clocks = {"clock": self._clock, "steady": self._steady}
        forms = KeptForms.of(
            settings.session, self.sessions, screens, self.reload.rules, secure=self._secure, **clocks
        )
        login, endpoints = self._endpoints(self.pages, screens, forms, admission.authorities.public)
        again = AskAgain(self.rechecks, login, settings.provider.silent_check)
        cors = CrossOrigin(self.reload.rules)
        forward = carrying(settings.session_bar)(
            self._forwarders(), self.streams, self.reload.rules, self.events
        )
        return Pipeline(
            admit=Admit(admission),
            route=Route(endpoints, forms, admission),
            judge=judge,
            attach=self._attach(identity),
            forward=forward,
            websocket=CarryWebSocket(forward, self.websockets, self.record),
            cors=cors,
            refuse=Refuse(self.answers, login, forms, cors, again, settings.provider.step_up),
            record=self.record,
            clock=self._clock,
        )

    def _tracing(self) -> Tracing | None:
        settings = self.settings
        if settings.observe.tracing is None:
            return None
        return Tracing(
            settings.observe.tracing,
            self.environment,
            settings.edge.trusted_proxies,
            settings.egress,
            lambda result, count: self.metrics.spans[(result,)].inc(count),
        )

    def _front(self, name: str, settings: FrontSettings) -> FrontDesk | TracedApp:
        front = Front(name, settings, self.settings.edge.trusted_proxies)
        lifetime = PermissionLifetime(
            SameAnswer(self.reload.rules),
            self.rechecks,
            settings.cache,
            self.sessions.idle_timeout,
            self.settings.assertion.ttl,
            *((self.sessions.bindings.proven_until,) if self.sessions.bindings is not None else ()),
        )
        verdict = Verdict(front, self.pipeline.attach, lifetime)
        desk = FrontDesk(front, self.pipeline, verdict, started=self.metrics.started)
        tracing = self.tracing
        if tracing is None:
            return desk
        timing = partial(timed, tracing=tracing)
        slow = FrontDesk(front, self.pipeline, verdict, started=self.metrics.started, timed=timing)
        return tracing.app(desk, slow, desk.prompt)

    def _decisions(self, asked: AuthzenSettings) -> DecisionDesk:
        settings, clock, rules = self.settings, self._clock, self.reload.rules
        issuer, live = settings.public_url, self.sessions.live
        assert live is not None
        self.events.subscribe(live)
        subjects = Subjects(
            asked.subjects,
            check=AssertionCheck(self.assertions, environment=self.environment, issuer=issuer, clock=clock),
            sessions=live,
            rechecks=self.rechecks,
            audiences={name: each.name for name, each in settings.every_upstream.items()},
            issuer=settings.provider.issuer,
            rights=lambda: rules().rights,
        )
        parts = Parts(
            self.pipeline,
            self.facts,
            rules,
            self.records,
            self.answers.problems,
            self.pages.languages.offered[0],
            settings.edge,
            self.events,
            self.metrics.evaluated,
            self._steady,
        )
        tokens = PageTokens(self.environment, settings.ring("flows").octets, clock)
        return DecisionDesk(asked, parts, subjects, tokens)

    def _attach(self, identity: IdentitySection) -> Attach:
        settings = self.settings
        choose = partial(TracedHeaders, self.tracing) if self.tracing is not None else ForwardedHeaders
        forwarded = choose(
            trusted_chain=bool(settings.edge.trusted_proxies), allow=settings.edge.request_headers.allow
        )
        headers = OutgoingHeaders(
            identity.headers,
            settings.assertion.header,
            encoding=identity.header_encoding,
            separator=identity.list_separator,
            strip=(
                *identity.strip_headers,
                *(name for each in self.credentials.values() for name in each.names),
            ),
            on_new=SizeWarning(settings.upstream.max_header_bytes, self.assertions.size, steady=self._steady),
        )
        return Attach(
            forwarded,
            headers,
            self.assertions,
            self.credentials,
            pass_token=settings.machines is None or settings.machines.forward_authorization,
            audiences={name: each.name for name, each in settings.upstreams.items()},
        )

    def _forwarders(self) -> dict[str, Forwarder]:
        edge, public_url = self.settings.edge, self.settings.public_url
        own_hosts = (urlsplit(public_url).netloc, *edge.hosts)
        return {
            name: Forwarder(
                upstream,
                own_cookies=self.sessions.cookie_prefix,
                max_body=edge.max_body_bytes,
                body_timeout=edge.body_timeout,
                sessions=self.register_sessions.get(name),
                outside=OutsideAddresses(
                    upstream.settings.origins,
                    public_url,
                    upstream.settings.add_prefix,
                    upstream.settings.strip_prefix,
                    # Those that it sees: with a host of its own it never learns them.
                    hosts=own_hosts if upstream.pools[0].host is None else (),
                ),
                fold_prefix=self.settings.paths.case == "insensitive",
                on_event=self.events,
            )
            for name, upstream in self.upstreams.by_name.items()
        }

    def _endpoints(
        self, pages: Pages, screens: Screens, forms: KeptForms, public_host: str
    ) -> tuple[LoginEndpoints, OwnEndpoints]:
        environment, public_url = self.environment, self.settings.public_url
        limit = self.settings.provider.login_limit
        bound = BoundEndpoints.of(
            self.sessions, self.events, clock=self._clock, steady=self._steady, public_url=public_url
        )
        loop = LoopCookie(environment=environment, secure=self._secure)
        login = LoginEndpoints(
            self.login,
            self.sessions,
            loop,
            self.events,
            clock=self._clock,
            public_url=public_url,
            public_host=public_host,
            limits=ClientLimits(limit.burst, limit.every, steady=self._steady),
            screens=screens,
            keep_fragment=self.settings.provider.keep_fragment,
            invitation=bound.invitation if bound is not None else None,
        )
        logout, access = Logout(self.provider, public_url=public_url), MyAccess(pages, public_url=public_url)
        cookie = LogoutCookie(environment=environment, secure=self._secure)
        session = SessionEndpoints(
            self.sessions, self.rechecks, self.assertions, self.login.client.jwks, self._clock
        )
        endpoints = OwnEndpoints(
            login,
            LogoutEndpoints(
                logout, cookie, self.sessions, loop, screens, self.events, self._register_cookies_expired
            ),
            LogoutNotices(logout, self.sessions, self.events),
            session,
            AccessEndpoint(self.sessions, access, self.reload.rules, access_of, self._clock, self._steady),
            OwnSessionsEndpoint(self.sessions, self.events, self._clock),
            forms,
            FragmentPage(screens.login_title),
            LanguageEndpoint(environment, self._secure, pages.languages.offered),
            Robots(self.reload.rules),
            BarEndpoints.of(pages, self.settings.session_bar, session),
            self._signals(),
            bound,
        )
        return login, endpoints

    def _signals(self) -> SignalsEndpoint | None:
        if self.transmitters is None:
            return None
        limit = self.transmitters.limit
        limits = ClientLimits(limit.burst, limit.every, steady=self._steady)
        return SignalsEndpoint(self.transmitters, self.sessions, limits, self.events)

    def _register_cookies_expired(self, request: CanonicalRequest) -> tuple[str, ...]:
        found, cookies = self.register_sessions.values(), request.header(b"cookie") or b""
        return tuple(dict.fromkeys(line for each in found for line in each.expired(cookies)))
