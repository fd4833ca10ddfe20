"""The numbers that the gateway shows to Prometheus. Neither people nor paths can become labels."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from gateway.events import (
    BlocksChanged,
    BlocksLoaded,
    CandidateChanged,
    ClientRefused,
    Event,
    LoggedOut,
    LoginEnded,
    ProviderCalled,
    RecordsDropped,
    RulesChanged,
    RulesLoaded,
    RulesRefused,
    ShadowJudged,
    StreamCut,
    StreamsCounted,
    UpstreamFailed,
)
from gateway.http_semantics import METHODS

_PREFIX: Final = "toegangspoort"
_METHODS: Final = frozenset((*METHODS, "TRACE", "CONNECT"))
_OTHER: Final = "other"
_MOST_LABELS: Final = 2_000
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class _Family:
    """One metric with its children by label values, each looked up once; beyond a limit they become "other"."""

    def __init__(self, metric: Any, labels: int) -> None:
        self._metric = metric
        self._other = (_OTHER,) * labels
        self._children: dict[tuple[str, ...], Any] = {}

    def __getitem__(self, values: tuple[str, ...]) -> Any:
        child = self._children.get(values)
        if child is None:
            if len(self._children) >= _MOST_LABELS:
                values = self._other
            child = self._children[values] = self._metric.labels(*values)
        return child


class Metrics:
    """The numbers of one process, in a registry of their own.

    With several worker processes PROMETHEUS_MULTIPROC_DIR names a directory (emptied before the start, and set
    before this module is imported); then any worker shows the sum over all.
    """

    def __init__(self, environment: str, *, version: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._registry = CollectorRegistry()
        self._count_requests()
        self._count_events()
        self._count_rules()
        if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            ProcessCollector(namespace=_PREFIX, registry=self._registry)
        info = self._gauge("build_info", "Version and environment", "version", "environment")
        info.labels(version, environment).set(1)

    def _counter(self, name: str, words: str) -> Counter:
        return Counter(f"{_PREFIX}_{name}", words, registry=self._registry)

    def _family(self, name: str, words: str, *labels: str) -> _Family:
        return _Family(Counter(f"{_PREFIX}_{name}", words, labels, registry=self._registry), len(labels))

    def _gauge(self, name: str, words: str, *labels: str, mode: Any = "mostrecent") -> Gauge:
        return Gauge(f"{_PREFIX}_{name}", words, labels, registry=self._registry, multiprocess_mode=mode)

    def _count_requests(self) -> None:
        self._requests = self._family(
            "requests_total", "Requests answered, by status code and method", "code", "method"
        )
        self._by_status: dict[tuple[int, str], Any] = {}
        self._duration = Histogram(
            f"{_PREFIX}_request_duration_seconds",
            "Time from the first byte of a request to the last byte of its answer",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._in_flight = self._gauge("requests_in_flight", "Requests being answered now", mode="livesum")
        self._decisions = self._family("decisions_total", "Decisions, by rule and verdict", "rule", "verdict")
        self._clients_refused = self._family(
            "clients_refused_total", "Connections that the listener refused or closed, by reason", "reason"
        )

    def _count_events(self) -> None:
        self._streams = self._gauge(
            "streams_open", "Streams, downloads and uploads that have lasted for a while", mode="livesum"
        )
        self._streams_cut = self._family(
            "streams_cut_total", "Exchanges ended before their time, by reason", "reason"
        )
        self._logins = self._family("logins_total", "Logins that ended, by result", "result")
        self._logouts = self._family("logouts_total", "Logouts, by kind", "operation")
        self._upstream_errors = self._family(
            "upstream_errors_total", "Requests that the register did not answer well", "error"
        )
        self._provider = self._family(
            "provider_requests_total", "Calls to the provider", "endpoint", "result"
        )
        self._blocks = self._gauge("blocks", "Blocks that this gateway knows of")
        self._dropped = self._counter("records_dropped_total", "Decision records that could not be kept")

    def _count_rules(self) -> None:
        self._shadow = self._family(
            "shadow_differences_total", "Decisions that the candidate rules change", "rule", "change"
        )
        self._shadow_judged = self._family(
            "shadow_judged_total", "Requests judged by the candidate rules as well", "result"
        )
        self._shadow_loaded = self._gauge("shadow_loaded", "1 where candidate rules are compared")
        self._reloads = self._family("config_reloads_total", "Reloads of the configuration", "result")
        self._reload_success = self._gauge(
            "config_last_reload_success", "1 where the last reload went live, 0 where the old rules stayed"
        )
        self._reload_time = self._gauge(
            "config_last_reload_success_timestamp_seconds", "When the rules in force went live"
        )
        self._rules = self._gauge("rules", "Rules in force")
        self._rule_set = self._gauge(
            "rule_set",
            "The first 13 hexadecimal digits of the rule set in force, as a number",
            mode="liveall",
        )
        self._restart = self._gauge(
            "config_restart_needed", "1 where the file has settings that need a restart"
        )

    def started(self) -> None:
        """A request came in."""
        self._in_flight.inc()

    def finished(self, method: str, status: int, seconds: float) -> None:
        """That request was answered."""
        child = self._by_status.get((status, method))
        if child is None:
            code = str(status) if 100 <= status <= 599 else _OTHER
            child = self._requests[code, method if method in _METHODS else _OTHER]
            if method in _METHODS:
                self._by_status[status, method] = child
        child.inc()
        self._duration.observe(seconds)
        self._in_flight.dec()

    def decided(self, rule: str | None, verdict: str) -> None:
        """A decision: verdict is allow, deny or error."""
        self._decisions[rule or "none", verdict].inc()

    def on_event(self, event: Event) -> None:
        """Count what happened elsewhere in the gateway."""
        match event:
            case ClientRefused(reason):
                self._clients_refused[(reason,)].inc()
            case ProviderCalled(endpoint, result):
                self._provider[endpoint, result].inc()
            case LoginEnded(result):
                self._logins[(result,)].inc()
            case LoggedOut(operation):
                self._logouts[(operation,)].inc()
            case UpstreamFailed(error):
                self._upstream_errors[(error,)].inc()
            case StreamsCounted(lasting):
                self._streams.set(lasting)
            case StreamCut(reason):
                self._streams_cut[(reason,)].inc()
            case ShadowJudged(result, rule, change):
                self._shadow_judged[(result,)].inc()
                if change is not None:
                    self._shadow[rule or "none", change].inc()
            case CandidateChanged(rules):
                self._shadow_loaded.set(rules is not None)
            case BlocksLoaded(blocks) | BlocksChanged(blocks):
                self._blocks.set(len(blocks))
            case RecordsDropped(count):
                self._dropped.inc(count)
            case RulesLoaded(rules, count):
                self._rules_live(rules, count, restart_needed=False)
            case RulesChanged(_, rules, count, _, restart_needed):
                self._rules_live(rules, count, restart_needed=restart_needed)
            case RulesRefused():
                self._reloads[("refused",)].inc()
                self._reload_success.set(0)
            case _:
                pass

    def _rules_live(self, rules: str, count: int, *, restart_needed: bool) -> None:
        self._reloads[("ok",)].inc()
        self._reload_success.set(1)
        self._reload_time.set(self._clock())
        self._restart.set(restart_needed)
        self._rules.set(count)
        self._rule_set.set(int(rules[:13], 16))

    def exposition(self) -> tuple[bytes, str]:
        """(text, content type) for Prometheus, summed over all workers where there are several."""
        registry = self._registry
        directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        if directory:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST


def forget_worker(pid: int) -> None:
    """Take a worker that ended out of the gauges that count what is open now."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
