"""Makes the areas of one environment: people, rules, the register. Nothing is opened here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

from gateway import __version__
from gateway.auth.login import Login
from gateway.auth.machines import Machines
from gateway.auth.provider import Provider
from gateway.auth.transmitters import Transmitters
from gateway.blocks.blocks import Blocks
from gateway.config import Config
from gateway.config.fingerprint import fingerprint
from gateway.config.model import IdentitySection
from gateway.edge.listener import Listener
from gateway.endpoints.long_targets import LongTargets
from gateway.event_bus import Events
from gateway.events import WebSocketsCounted
from gateway.handling import DEFAULT_UPSTREAM
from gateway.identity.assertions import Assertions
from gateway.key_files.keyring import PURPOSES, Purpose
from gateway.observe.decision_record import person_names
from gateway.observe.expiry import Watched
from gateway.observe.loops import FailingLoops
from gateway.observe.metrics import Metrics
from gateway.observe.record_writer import DecisionRecords
from gateway.observe.saturation import ListenerUse, PoolUse
from gateway.pipeline.record import Record
from gateway.policy.candidate import Candidate
from gateway.policy.facts import Gatherer
from gateway.reload.emergency import EMERGENCY, Emergencies
from gateway.reload.fleet import Fleet, alike
from gateway.reload.maintenance import NAME as MAINTENANCE
from gateway.reload.maintenance import Maintenances
from gateway.reload.neighbours import Neighbours
from gateway.reload.orders import Orders
from gateway.reload.rules import RulesReload
from gateway.reload.rules_keeper import RulesKeeper
from gateway.reload.shadow import ShadowReload
from gateway.session.measured import measured
from gateway.session.recheck import Recheck
from gateway.session.sessions import Sessions
from gateway.session.stores import open_store
from gateway.upstream.credentials import Credentials
from gateway.upstream.register_sessions import RegisterSessions
from gateway.upstream.session_claims import SessionClaims
from gateway.upstream.session_tags import SessionTags
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.upstreams import Upstreams
from gateway.upstream.websocket_connections import WebSocketConnections


class Areas:
    """The areas of one environment, each with its own settings, before the stages of a request join them."""

    def __init__(
        self, config: Config, environment: str, *, clock: Callable[[], float], steady: Callable[[], float]
    ) -> None:
        self.environment = environment
        self.settings = settings = config.environment(environment)
        self._secure = settings.public_url.startswith("https://")
        self._clock = clock
        self._steady = steady
        self.events = Events()
        self.metrics = Metrics(environment, version=__version__, clock=clock, on_event=self.events)
        self.records = DecisionRecords(
            settings.observe,
            environment,
            keys=settings.ring("pseudonyms").octets,
            sealing=settings.ring("records").read,
            clock=clock,
            on_event=self.events,
        )
        self.failing = FailingLoops()
        self._assemble_people(config.identity, steady)
        self.transmitters = self._made_transmitters()
        self.neighbours = Neighbours(
            config, environment, self.sessions.store, clock=clock, on_event=self.events
        )
        self._assemble_rules(config)
        self._assemble_register()
        self.addresses = {"listen": settings.listen, "observe": settings.observe.listen}
        """Where people and operators come in; whoever opens others instead says so."""
        self.listeners: dict[str, Listener] = {}
        """Those that serve this gateway, by name; whoever opens one adds it."""
        self.metrics.saturation.source = self
        self.metrics.expiry.watched = self._watched()

    def _assemble_people(self, identity: IdentitySection, steady: Callable[[], float]) -> None:
        """Identity: the provider, sessions, logins, programs with a token."""
        settings, clock, events = self.settings, self._clock, self.events
        egress = settings.egress
        self.provider = Provider(
            settings.provider, clock=clock, steady=steady, on_event=events, egress=egress
        )
        self.sessions = Sessions(
            settings.session,
            environment=self.environment,
            secure=self._secure,
            clock=clock,
            steady=steady,
            store=measured(open_store(settings.session, environment=self.environment, clock=clock), events),
            names=lambda: person_names(settings.ring("pseudonyms").read(), self.environment),
            findable=settings.authzen is not None,
            on_event=events,
        )
        self.login = Login(
            self.provider,
            identity.claims,
            identity.rights,
            environment=self.environment,
            public_url=settings.public_url,
            keys=settings.ring("flows").octets,
            clock=clock,
            steady=steady,
            first_use=self.sessions.one_time.claim,
            targets=LongTargets(self.sessions.one_time, settings.provider.flow_lifetime, steady=steady),
        )
        self.rechecks = Recheck(
            settings.session,
            self.sessions,
            renew=self.login.renew,
            reachable=self.provider.reachable,
            patience=2 * settings.provider.timeout,
            clock=clock,
            steady=steady,
        )
        self.machines = (
            Machines(
                settings.machines, self.provider, clock=clock, steady=steady, on_event=events, egress=egress
            )
            if settings.machines is not None
            else None
        )

    def _made_transmitters(self) -> Transmitters | None:
        settings = self.settings
        if settings.signals is None:
            return None
        return Transmitters(
            settings.signals,
            settings.provider.issuer,
            clock=self._clock,
            steady=self._steady,
            on_event=self.events,
            egress=settings.egress,
        )

    def _assemble_rules(self, config: Config) -> None:
        """Access: the rules in force, candidate rules, facts from outside, blocks."""
        environment, events = self.environment, self.events
        self._settings_hash = fingerprint(self.settings)
        self.metrics.settings.set(int(self._settings_hash, 16))
        self.facts = Gatherer()
        self.reload = RulesReload(
            config, environment, clock=self._clock, steady=self._steady, on_event=events
        )
        self.rules_keeper = RulesKeeper(
            self.settings.observe.records.path,
            environment,
            config=lambda: self.reload.config,
            keys=self.settings.ring("records").read,
        )
        self.candidate = Candidate(events)
        self.shadow = ShadowReload(self.candidate, self.reload.candidate_file, environment, on_event=events)
        self.blocks = Blocks(
            self.settings.blocks,
            config.blocks_file(environment),
            environment=environment,
            keys=self.settings.ring("pseudonyms").read,
            names=lambda keys: person_names(keys, environment),
            clock=self._clock,
            on_event=events,
        )
        board, clock, steady = self.sessions.board, self._clock, self._steady
        self.emergencies = Emergencies.of(config, environment, self.reload, board, clock, steady, events)
        self.maintenance = Maintenances.of(config, environment, self.reload, board, clock, events)
        more = (
            self.emergencies.shared(config.orders_copy(environment, EMERGENCY)),
            self.maintenance.shared(config.orders_copy(environment, MAINTENANCE)),
        )
        self.fleet = Fleet(self.sessions, self._alike, clock=clock, steady=steady, on_event=events)
        self.orders = Orders.of(
            config, environment, self.sessions, self.blocks, clock, steady, events, more, self.fleet.about
        )

    def _alike(self) -> Mapping[str, str]:
        rules = self.reload.config.rules[self.environment]
        return alike(rules.hash, self._settings_hash)

    def _assemble_register(self) -> None:
        """What the register gets: the signed assertion, and connections; and what is remembered of a request."""
        settings = self.settings
        self.assertions = Assertions(
            settings.assertion,
            environment=self.environment,
            issuer=settings.public_url,
            audience=settings.upstream.name,
            clock=self._clock,
        )
        self.record = Record(self.metrics, self.candidate, self.records)
        self.upstreams = Upstreams(
            settings.every_upstream,
            public_host=urlsplit(settings.public_url).netloc,
            steady=self._steady,
            on_event=self.events,
        )
        self.websockets = {
            name: WebSocketConnections(
                upstream.settings.websockets, upstream.dial, changed=lambda _: self._count_websockets()
            )
            for name, upstream in self.upstreams.by_name.items()
        }
        # Each upstream has tags of its own: the session that one began means nothing at another.
        self.session_tags = {
            name: SessionTags(
                self.environment if name == DEFAULT_UPSTREAM else f"{self.environment} {name}",
                settings.session.ring.octets,
            )
            for name in settings.every_upstream
        }
        self.register_sessions = {
            name: self._register_sessions(name, each)
            for name, each in settings.every_upstream.items()
            if each.session_cookies
        }
        self.credentials = {name: Credentials(each) for name, each in settings.every_upstream.items()}

    def _count_websockets(self) -> None:
        self.events(WebSocketsCounted(sum(map(len, self.websockets.values()))))

    def _register_sessions(self, name: str, upstream: UpstreamSettings) -> RegisterSessions:
        own_hosts = (f"//{host}" for host in self.settings.edge.hosts)
        return RegisterSessions(
            upstream.session_cookies,
            self.session_tags[name],
            origins=(*upstream.origins, self.settings.public_url, *own_hosts),
            claims=SessionClaims() if upstream.session_parameters == "unclaimed" else None,
        )

    # What the metrics show

    def upstream_use(self) -> Mapping[str, PoolUse]:
        """How many connections each upstream has, and may have."""
        return {
            name: PoolUse(
                sum(pool.in_use for pool in each.pools),
                sum(pool.open_connections - pool.in_use for pool in each.pools),
                sum(pool.waiting for pool in each.pools),
                len(each.pools) * each.settings.max_connections,
            )
            for name, each in self.upstreams.by_name.items()
        }

    def listener_use(self) -> Mapping[str, ListenerUse]:
        """How many connections of clients each listener has, and may have."""
        return {
            name: ListenerUse(len(each.connections), each.connections.most, len(each.turns))
            for name, each in self.listeners.items()
        }

    def records_waiting(self) -> int:
        """Decision records that are not written yet."""
        return self.records.waiting

    def rechecks_running(self) -> int:
        """Sessions about which the provider is being asked."""
        return self.rechecks.running

    def _watched(self) -> Watched:
        """What expires, or gets old."""
        settings = self.settings
        upstreams = settings.every_upstream.items()
        authorities = {f"{name} ca": each.tls.ca for name, each in upstreams}
        authorities |= {"store ca": settings.session.store_authority, "proxy ca": settings.egress.ca}

        def made(purpose: Purpose) -> float | None:
            return settings.ring(purpose).read()[0].created

        return Watched(
            {name: each.tls.certificate for name, each in upstreams if each.tls.certificate is not None},
            {name: path for name, path in authorities.items() if path is not None},
            {purpose: partial(made, purpose) for purpose in PURPOSES},
        )
