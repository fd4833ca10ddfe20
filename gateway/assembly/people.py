"""Who asks: the provider, sessions, logins, programs with a token."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.assembly.environment import Environment
from gateway.auth.login import Login
from gateway.auth.machines import Machines
from gateway.auth.provider import Provider
from gateway.auth.transmitters import Transmitters
from gateway.endpoints.long_targets import LongTargets
from gateway.observe.decision_record import person_names
from gateway.session.measured import measured_store
from gateway.session.recheck import Recheck
from gateway.session.sessions import Sessions
from gateway.session.stores import open_store


@dataclass(frozen=True, slots=True)
class People:
    """`machines` and `transmitters` are None where the environment has none."""

    provider: Provider
    sessions: Sessions
    login: Login
    rechecks: Recheck
    machines: Machines | None
    transmitters: Transmitters | None


def people(environment: Environment) -> People:
    """Makes what finds out who asks in this environment."""
    settings, clock, steady = environment.settings, environment.clock, environment.steady
    provider = Provider(
        settings.provider, clock=clock, steady=steady, on_event=environment.events, egress=settings.egress
    )
    sessions = _sessions(environment)
    login = _login(environment, provider, sessions)
    rechecks = Recheck(
        settings.session,
        sessions,
        renew=login.renew,
        reachable=provider.reachable,
        patience=2 * settings.provider.timeout,
        clock=clock,
        steady=steady,
    )
    return People(
        provider, sessions, login, rechecks, _machines(environment, provider), _transmitters(environment)
    )


def _sessions(environment: Environment) -> Sessions:
    settings, clock, events = environment.settings, environment.clock, environment.events
    store = open_store(settings.session, environment=environment.name, clock=clock)
    return Sessions(
        settings.session,
        environment=environment.name,
        secure=environment.secure,
        clock=clock,
        steady=environment.steady,
        store=measured_store(store, events),
        names=lambda: person_names(settings.ring("pseudonyms").read(), environment.name),
        findable=settings.authzen is not None,
        on_event=events,
    )


def _login(environment: Environment, provider: Provider, sessions: Sessions) -> Login:
    settings, identity, steady = environment.settings, environment.config.identity, environment.steady
    return Login(
        provider,
        identity.claims,
        identity.rights,
        environment=environment.name,
        public_url=settings.public_url,
        keys=settings.ring("flows").octets,
        clock=environment.clock,
        steady=steady,
        first_use=sessions.one_time.claim,
        targets=LongTargets(sessions.one_time, settings.provider.flow_lifetime, steady=steady),
    )


def _machines(environment: Environment, provider: Provider) -> Machines | None:
    settings = environment.settings
    if settings.machines is None:
        return None
    return Machines(
        settings.machines,
        provider,
        clock=environment.clock,
        steady=environment.steady,
        on_event=environment.events,
        egress=settings.egress,
    )


def _transmitters(environment: Environment) -> Transmitters | None:
    settings = environment.settings
    if settings.signals is None:
        return None
    return Transmitters(
        settings.signals,
        settings.provider.issuer,
        clock=environment.clock,
        steady=environment.steady,
        on_event=environment.events,
        egress=settings.egress,
    )
