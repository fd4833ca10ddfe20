"""Where requests come in: the public door, and one for each front."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from gateway.assembly.areas import Areas
from gateway.assembly.environment import Environment
from gateway.edge.fronts import Front
from gateway.edge.settings import FrontSettings
from gateway.pipeline.front import FrontApp
from gateway.pipeline.permission_cache import PermissionCache
from gateway.pipeline.permission_lifetime import PermissionLifetime
from gateway.pipeline.permission_validity import PermissionValidity
from gateway.pipeline.pipeline import Pipeline
from gateway.pipeline.prompt import ClientCycle, Prompt
from gateway.pipeline.register_lines import KnownRegisterLines
from gateway.pipeline.traced import TracedApp, timed
from gateway.pipeline.verdict import Verdict
from gateway.responses import Application, Scope


@dataclass(frozen=True, slots=True)
class Doors:
    """`handle` takes any request, `prompt` those that need no waiting (see `pipeline/prompt.py`); `fronts` by name."""

    handle: Application
    prompt: Callable[[Scope, ClientCycle], bool]
    fronts: Mapping[str, FrontApp | TracedApp]


def doors(environment: Environment, areas: Areas, pipeline: Pipeline) -> Doors:
    """Makes the doors of this environment. Where requests are traced, each has a second pipeline, which is timed."""
    observers = areas.observers
    prompt = Prompt(pipeline, PermissionCache(pipeline), observers.metrics.started)
    fronts = {
        name: _front(environment, areas, pipeline, name, each)
        for name, each in environment.settings.fronts.items()
    }
    if observers.tracing is None:
        return Doors(pipeline, prompt, fronts)
    traced = observers.tracing.app(pipeline, timed(pipeline, observers.tracing), prompt)
    return Doors(traced, traced.prompt, fronts)


def _front(
    environment: Environment, areas: Areas, pipeline: Pipeline, name: str, settings: FrontSettings
) -> FrontApp | TracedApp:
    front = Front(name, settings, environment.settings.edge.trusted_proxies)
    lines = KnownRegisterLines(front, pipeline.attach, pipeline.clock)
    verdict = Verdict(front, lines, _lifetime(environment, areas, settings))
    started, tracing = areas.observers.metrics.started, areas.observers.tracing
    app = FrontApp(front, pipeline, verdict, started=started)
    if tracing is None:
        return app
    slow = FrontApp(front, pipeline, verdict, started=started, timed=partial(timed, tracing=tracing))
    return tracing.app(app, slow, app.prompt)


def _lifetime(environment: Environment, areas: Areas, settings: FrontSettings) -> PermissionLifetime:
    sessions = areas.people.sessions
    return PermissionLifetime(
        PermissionValidity(areas.rules.reload.rules),
        areas.people.rechecks,
        settings.cache,
        sessions.idle_timeout,
        environment.settings.assertion.ttl,
        *((sessions.bindings.proven_until,) if sessions.bindings is not None else ()),
    )
