"""Joins the areas of one environment in the stages of a request."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.assembly.areas import Areas
from gateway.assembly.environment import Environment
from gateway.assembly.onward import attach, forward
from gateway.assembly.own_endpoints import own_endpoints
from gateway.edge.admit import Admission
from gateway.edge.readings import PathReader
from gateway.endpoints.kept_forms import KeptForms
from gateway.exchange import Exchange
from gateway.pages.error_response import ErrorResponses
from gateway.pages.render import Pages
from gateway.pages.screens import Screens
from gateway.pipeline.activity import Activity
from gateway.pipeline.admit import Admit
from gateway.pipeline.ask_again import AskAgain
from gateway.pipeline.authenticate import Authenticate
from gateway.pipeline.authorize import Authorize
from gateway.pipeline.cross_origin import CrossOrigin
from gateway.pipeline.judge import Judge, RecordedJudge
from gateway.pipeline.pipeline import Pipeline
from gateway.pipeline.polling import Polling
from gateway.pipeline.record import Record
from gateway.pipeline.refuse import Refuse
from gateway.pipeline.route import Route
from gateway.pipeline.websocket import CarryWebSocket
from gateway.settings import UNIX
from gateway.upstream.live_streams import Streams


@dataclass(frozen=True, slots=True)
class Stages:
    """The pipeline, with the pages and answers of its refusals, and the open streams with what their sessions do."""

    pipeline: Pipeline
    pages: Pages
    answers: ErrorResponses
    streams: Streams[Exchange]
    activity: Activity


def stages(environment: Environment, areas: Areas) -> Stages:
    """Joins the areas of this environment in its stages."""
    settings, config, rules = environment.settings, environment.config, areas.rules.reload.rules
    pages = Pages(settings.support, environment.name, config.languages, config.pages, clock=environment.clock)
    answers = ErrorResponses(pages, public_url=settings.public_url, names=rules, clock=environment.clock)
    polling = Polling(settings.session.polling) if settings.session.polling else None
    judge = _judge(environment, areas, polling)
    events, open_streams = environment.events, settings.observe.streams
    streams = Streams[Exchange](open_streams, judge.again, on_event=events)
    activity = Activity(areas.people.sessions, streams, open_streams, polling, events)
    pipeline = _pipeline(environment, areas, pages, answers, streams, judge)
    return Stages(pipeline, pages, answers, streams, activity)


def _judge(environment: Environment, areas: Areas, polling: Polling | None) -> Judge:
    people, rules, operations = areas.people, areas.rules, areas.operations
    in_force = rules.reload.rules
    parts = (
        Authenticate(people.sessions, people.rechecks, people.machines, in_force, polling),
        Authorize(in_force, operations.blocks, operations.maintenance, rules.facts),
        environment.clock,
    )
    if environment.settings.observe.records_when_full == "deny":
        records = areas.observers.records
        return RecordedJudge(*parts, lambda: records.full)
    return Judge(*parts)


def _admission(environment: Environment, areas: Areas, pages: Pages) -> Admission:
    settings, rules = environment.settings, areas.rules.reload.rules
    return Admission(
        settings.edge,
        PathReader(settings.paths, lambda: rules().opens_paths),
        public_url=settings.public_url,
        cookie_prefix=areas.people.sessions.cookie_prefix,
        language=pages.languages.negotiate,
        over_file=settings.listen.startswith(UNIX),
    )


def _pipeline(
    environment: Environment,
    areas: Areas,
    pages: Pages,
    answers: ErrorResponses,
    streams: Streams[Exchange],
    judge: Judge,
) -> Pipeline:
    settings, people, observers = environment.settings, areas.people, areas.observers
    rules = areas.rules.reload.rules
    admission = _admission(environment, areas, pages)
    screens = Screens(pages, public_url=settings.public_url)
    forms = KeptForms.of(
        settings.session,
        people.sessions,
        screens,
        rules,
        secure=environment.secure,
        clock=environment.clock,
        steady=environment.steady,
    )
    login, endpoints = own_endpoints(environment, areas, pages, screens, forms, admission.authorities.public)
    again = AskAgain(people.rechecks, login, settings.provider.silent_check)
    cors = CrossOrigin(rules)
    record = Record(observers.metrics, areas.rules.candidate, observers.records)
    to_upstream = forward(environment, areas, streams)
    return Pipeline(
        admit=Admit(admission),
        route=Route(endpoints, forms, admission),
        judge=judge,
        attach=attach(environment, areas),
        forward=to_upstream,
        websocket=CarryWebSocket(to_upstream, areas.register.websockets, record),
        cors=cors,
        refuse=Refuse(answers, login, forms, cors, again, settings.provider.step_up),
        record=record,
        clock=environment.clock,
    )
