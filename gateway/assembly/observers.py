"""What follows an environment without changing what happens: metrics, decision records, loops that fail, traces."""

from __future__ import annotations

from dataclasses import dataclass

from gateway import __version__
from gateway.assembly.environment import Environment
from gateway.observe.loops import FailingLoops
from gateway.observe.metrics import Metrics
from gateway.observe.record_writer import DecisionRecords
from gateway.pipeline.traced import Tracing


@dataclass(frozen=True, slots=True)
class Observers:
    """`tracing` is None where nothing is traced."""

    metrics: Metrics
    records: DecisionRecords
    failing: FailingLoops
    tracing: Tracing | None


def observers(environment: Environment) -> Observers:
    """Makes the observers of this environment."""
    settings, clock, events = environment.settings, environment.clock, environment.events
    metrics = Metrics(environment.name, version=__version__, clock=clock, on_event=events)
    metrics.settings.set(int(environment.settings_hash, 16))
    records = DecisionRecords(
        settings.observe,
        environment.name,
        keys=settings.ring("pseudonyms").octets,
        sealing=settings.ring("records").read,
        clock=clock,
        on_event=events,
    )
    return Observers(metrics, records, FailingLoops(), _tracing(environment, metrics))


def _tracing(environment: Environment, metrics: Metrics) -> Tracing | None:
    settings = environment.settings
    if settings.observe.tracing is None:
        return None
    return Tracing(
        settings.observe.tracing,
        environment.name,
        settings.edge.trusted_proxies,
        settings.egress,
        lambda result, count: metrics.spans[(result,)].inc(count),
    )
