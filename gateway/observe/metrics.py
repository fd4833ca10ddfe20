"""The numbers that the gateway shows to Prometheus. Neither people nor paths can become labels."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from gateway.background import Loop
from gateway.events import (
    BlocksChanged,
    BlocksLoaded,
    CandidateChanged,
    CheckChanged,
    ClientRefused,
    EmergencyClosed,
    EmergencyOpened,
    Event,
    FleetSeen,
    LoggedOut,
    LoginEnded,
    LoopFailed,
    LoopWorks,
    MaintenanceChanged,
    OnEvent,
    ProviderCalled,
    RecordsDropped,
    RequestRepeated,
    RulesChanged,
    RulesLoaded,
    RulesRefused,
    ServerFailed,
    ServerOut,
    ServerReturned,
    ShadowJudged,
    SignalReceived,
    StreamCut,
    StreamsCounted,
    UpstreamFailed,
    WebSocketsCounted,
    ignore,
)
from gateway.http_semantics import METHODS
from gateway.observe.counting import OTHER, Durations, Family, Tally

_PREFIX: Final = "toegangspoort"
_METHODS: Final = frozenset((*METHODS, "TRACE", "CONNECT"))
_MAINTENANCE: Final = "maintenance"
_HAND_OVER_SECONDS: Final = 0.25
_CODES: Final = {status: str(status) for status in range(100, 600)}


class Metrics:
    """The numbers of one process, in a registry of their own.

    What happens with every request is counted in memory; the registry gets it every quarter of a second, and before
    it is shown.

    With several worker processes PROMETHEUS_MULTIPROC_DIR names a directory (emptied before the start, and set
    before this module is imported); then any worker shows the sum over all.
    """

    def __init__(
        self,
        environment: str,
        *,
        version: str,
        clock: Callable[[], float] = time.time,
        on_event: OnEvent = ignore,
    ) -> None:
        self._clock = clock
        self._registry = CollectorRegistry()
        self._loop = Loop("metrics", self._hand_over, pause=_HAND_OVER_SECONDS, on_event=on_event)
        self._count_requests()
        self._count_events()
        self._count_servers()
        self._count_rules()
        if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            ProcessCollector(namespace=_PREFIX, registry=self._registry)
        info = self._gauge("build_info", "Version and environment", "version", "environment")
        info.labels(version, environment).set(1)

    def _counter(self, name: str, words: str) -> Counter:
        return Counter(f"{_PREFIX}_{name}", words, registry=self._registry)

    def _family(self, name: str, words: str, *labels: str) -> Family:
        return Family(Counter(f"{_PREFIX}_{name}", words, labels, registry=self._registry), len(labels))

    def _tally(self, name: str, words: str, *labels: str) -> Tally:
        return Tally(self._family(name, words, *labels))

    def _gauge(self, name: str, words: str, *labels: str, mode: Any = "mostrecent") -> Gauge:
        return Gauge(f"{_PREFIX}_{name}", words, labels, registry=self._registry, multiprocess_mode=mode)

    def _count_requests(self) -> None:
        self._requests = self._tally(
            "requests_total",
            "Requests answered, by status code (or maintenance) and method",
            "code",
            "method",
        )
        self._duration = Durations(
            f"{_PREFIX}_request_duration_seconds",
            "Time from the first byte of a request to the last byte of its answer",
            self._registry,
        )
        self._open = 0
        self._in_flight = self._gauge("requests_in_flight", "Requests being answered now", mode="livesum")
        self._decisions = self._tally("decisions_total", "Decisions, by rule and verdict", "rule", "verdict")
        self._evaluations = self._tally(
            "evaluations_total",
            "Decisions that programs asked for, by caller and verdict",
            "caller",
            "verdict",
        )

    def _count_events(self) -> None:
        self._streams = self._gauge(
            "streams_open", "Streams, downloads and uploads that have lasted for a while", mode="livesum"
        )
        self._streams_cut = self._family(
            "streams_cut_total", "Exchanges ended before their time, by reason", "reason"
        )
        self._websockets = self._gauge("websockets_open", "WebSockets that are open now", mode="livesum")
        self._logins = self._family("logins_total", "Logins that ended, by result", "result")
        self._logouts = self._family("logouts_total", "Logouts, by kind", "operation")
        self._signals = self._family(
            "signals_total",
            "Security events of transmitters, by type and what became of them",
            "signal",
            "result",
        )
        self._upstream_errors = self._family(
            "upstream_errors_total", "Requests that the register did not answer well", "error"
        )
        self._clients_refused = self._family(
            "clients_refused_total", "Connections that the listener refused or closed, by reason", "reason"
        )
        self._provider = self._family(
            "provider_requests_total", "Calls to the provider", "endpoint", "result"
        )
        self._blocks = self._gauge("blocks", "Blocks that this gateway knows of")
        self._emergency = self._gauge(
            "emergency_open", "1 where this emergency rule is open, in any worker", "rule", mode="livemax"
        )
        self._maintenance = self._gauge(
            "maintenance", "Maintenances that keep people out now, in any worker", mode="livemax"
        )
        self._loop_failures = self._family(
            "loop_failures_total", "Turns of loops beside the requests that failed or took too long", "loop"
        )
        self._loop_failing = self._gauge(
            "loop_failing", "1 where a loop beside the requests fails, in any worker", "loop", mode="livemax"
        )
        self._ready = self._gauge(
            "ready", "1 where this check lets the gateway serve, in every worker", "check", mode="livemin"
        )
        self._degraded = self._gauge(
            "degraded", "1 where something does not work as it should, in any worker", "check", mode="livemax"
        )
        self._fleet = self._gauge("fleet_workers", "Workers of all gateways that share the session store")
        self._clock_ahead = self._gauge(
            "clock_ahead_seconds", "How far the clock of this machine is ahead of the session store's"
        )
        self._store_lost = self._counter(
            "store_lost_total", "Times that the session store had lost everything"
        )
        self._dropped = self._counter("records_dropped_total", "Decision records that could not be kept")

    def _count_servers(self) -> None:
        self._server_up = self._gauge(
            "upstream_server_up",
            "1 where this server takes requests, in every worker",
            "upstream",
            "server",
            mode="livemin",
        )
        self._server_failures = self._family(
            "upstream_server_failures_total",
            "Requests that failed at this server, whether or not another answered them",
            "upstream",
            "server",
            "error",
        )
        self._repeated = self._family(
            "upstream_repeated_total", "Requests that were sent to another server", "upstream"
        )

    def _count_rules(self) -> None:
        self._shadow = self._tally(
            "shadow_differences_total", "Decisions that the candidate rules change", "rule", "change"
        )
        self._shadow_judged = self._tally(
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

    async def start(self) -> None:
        """Hand over what is counted, every quarter of a second from now on."""
        self._loop.start(at_once=True)

    async def aclose(self) -> None:
        """Hand over the rest."""
        await self._loop.aclose()
        self.hand_over()

    async def _hand_over(self, _asked: bool) -> None:
        self.hand_over()

    def hand_over(self) -> None:
        """Bring the registry up to date. On the event loop, as all counting."""
        for each in (
            self._requests,
            self._decisions,
            self._evaluations,
            self._shadow,
            self._shadow_judged,
            self._duration,
        ):
            each.hand_over()
        self._in_flight.set(self._open)

    def started(self) -> None:
        """A request came in."""
        self._open += 1

    def finished(self, method: str, status: int, seconds: float, *, planned: bool = False) -> None:
        """That request was answered. An answer that was `planned`, in maintenance, counts by that and not as a 503."""
        code = _MAINTENANCE if planned else _CODES.get(status, OTHER)
        self._requests.count((code, method if method in _METHODS else OTHER))
        self._duration.count(seconds)
        self._open -= 1

    def decided(self, rule: str | None, verdict: str) -> None:
        """A decision: verdict is allow, redirect, deny or error."""
        self._decisions.count((rule or "none", verdict))

    def evaluated(self, caller: str, verdict: str) -> None:
        """A program asked for a decision, about a request that nobody sent: allow or deny."""
        self._evaluations.count((caller, verdict))

    def on_event(self, event: Event) -> None:
        """Count what happened elsewhere in the gateway."""
        match event:
            case ClientRefused(reason):
                self._clients_refused[(reason,)].inc()
            case ProviderCalled(endpoint, result):
                self._provider[endpoint, result].inc()
            case LoginEnded(result):
                self._logins[(result,)].inc()
            case LoggedOut() | SignalReceived():
                self._session_over(event)
            case UpstreamFailed(error):
                self._upstream_errors[(error,)].inc()
            case ServerFailed(upstream, server, error):
                self._server_failures[upstream, server, error].inc()
            case ServerOut(upstream, server) | ServerReturned(upstream, server):
                self._server_up.labels(upstream, server).set(isinstance(event, ServerReturned))
            case RequestRepeated(upstream):
                self._repeated[(upstream,)].inc()
            case StreamsCounted(lasting):
                self._streams.set(lasting)
            case WebSocketsCounted(number):
                self._websockets.set(number)
            case StreamCut(reason):
                self._streams_cut[(reason,)].inc()
            case ShadowJudged(result, rule, change):
                self._shadow_judged.count((result,))
                if change is not None:
                    self._shadow.count((rule or "none", change))
            case CandidateChanged(rules):
                self._shadow_loaded.set(rules is not None)
            case LoopFailed(loop) | LoopWorks(loop):
                self._loop_took_turn(loop, failed=isinstance(event, LoopFailed))
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
                self._stands(event)

    def _session_over(self, event: LoggedOut | SignalReceived) -> None:
        if isinstance(event, LoggedOut):
            self._logouts[(event.operation,)].inc()
        else:
            self._signals[event.signal, event.result].inc()

    def _stands(self, event: Event) -> None:
        """Take down what is so from now on."""
        match event:
            case BlocksLoaded(blocks) | BlocksChanged(blocks):
                self._blocks.set(len(blocks))
            case MaintenanceChanged():
                self._maintenance.set(len(event.current))
            case EmergencyOpened() | EmergencyClosed():
                self._emergency.labels(event.rule).set(isinstance(event, EmergencyOpened))
            case CheckChanged(check, ready, degraded):
                self._ready.labels(check).set(ready)
                self._degraded.labels(check).set(degraded)
            case FleetSeen(workers, ahead, store_lost):
                self._fleet.set(workers)
                self._clock_ahead.set(ahead)
                self._store_lost.inc(store_lost)
            case _:
                pass

    def _loop_took_turn(self, loop: str, *, failed: bool) -> None:
        self._loop_failures[(loop,)].inc(failed)
        self._loop_failing.labels(loop).set(failed)

    def _rules_live(self, rules: str, count: int, *, restart_needed: bool) -> None:
        self._reloads[("ok",)].inc()
        self._reload_success.set(1)
        self._reload_time.set(self._clock())
        self._restart.set(restart_needed)
        self._rules.set(count)
        self._rule_set.set(int(rules[:13], 16))

    def exposition(self) -> tuple[bytes, str]:
        """(text, content type) for Prometheus as of the last `hand_over`, summed over all workers where there are
        several. May run in a thread."""
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
