"""The decision point for programs (AuthZEN), where the environment has one."""

from __future__ import annotations

from gateway.assembly.areas import Areas
from gateway.assembly.environment import Environment
from gateway.assembly.stages import Stages
from gateway.authzen.page_tokens import PageTokens
from gateway.authzen.settings import AuthzenSettings
from gateway.decision_point.server import DecisionPointServer, Parts
from gateway.decision_point.subjects import Subjects
from gateway.identity.assertion_check import AssertionCheck


def decisions(environment: Environment, areas: Areas, stages: Stages) -> DecisionPointServer | None:
    """Makes the decision point of this environment, which hears of sessions that end; None where it has none."""
    settings, observers = environment.settings, areas.observers
    if settings.authzen is None:
        return None
    parts = Parts(
        stages.pipeline,
        areas.rules.facts,
        areas.rules.reload.rules,
        observers.records,
        stages.answers.problems,
        stages.pages.languages.offered[0],
        settings.edge,
        environment.events,
        observers.metrics.evaluated,
        environment.steady,
    )
    tokens = PageTokens(environment.name, settings.ring("flows").octets, environment.clock)
    return DecisionPointServer(
        settings.authzen, parts, _subjects(environment, areas, settings.authzen), tokens
    )


def _subjects(environment: Environment, areas: Areas, asked: AuthzenSettings) -> Subjects:
    settings, rules = environment.settings, areas.rules.reload.rules
    live = areas.people.sessions.live
    assert live is not None  # `findable`, in people.py
    environment.events.subscribe(live)
    check = AssertionCheck(
        areas.register.assertions,
        environment=environment.name,
        issuer=settings.public_url,
        clock=environment.clock,
    )
    return Subjects(
        asked.subjects,
        check=check,
        sessions=live,
        rechecks=areas.people.rechecks,
        audiences={name: each.name for name, each in settings.every_upstream.items()},
        issuer=settings.provider.issuer,
        rights=lambda: rules().rights,
    )
