"""The numbers that the gateway shows to Prometheus. Neither people nor paths can become labels."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from gateway.background import Loop
from gateway.events import (
    CandidateChanged,
    ClientRefused,
    Event,
    LoopFailed,
    LoopWorks,
    OnEvent,
    RecordsDropped,
    RequestRepeated,
    RulesChanged,
    RulesLoaded,
    RulesRefused,
    ServerFailed,
    ServerOut,
    ServerReturned,
    ShadowJudged,
    StreamCut,
    StreamsCounted,
    UpstreamFailed,
    WebSocketsCounted,
    ignore,
)
from gateway.http_semantics import METHODS
from gateway.observe.calls import CallMetrics
from gateway.observe.counting import OTHER
from gateway.observe.expiry import ExpiryMetrics
from gateway.observe.process import ProcessMetrics
from gateway.observe.registry import Registry
from gateway.observe.saturation import Saturation
from gateway.observe.state import StateMetrics

_METHODS: Final = frozenset((*METHODS, "TRACE", "CONNECT"))
_MAINTENANCE: Final = "maintenance"
_HAND_OVER_SECONDS: Final = 0.25
_CODES: Final = {status: str(status) for status in range(100, 600)}


class Metrics:
    """The numbers of one process.

    What happens with every request is counted in memory; the registry gets it every quarter of a second, and before
    it is shown.
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
        self._registry = registry = Registry()
        self._loop = Loop("metrics", self._hand_over, pause=_HAND_OVER_SECONDS, on_event=on_event)
        self._count_requests()
        self._count_events()
        self._count_servers()
        self._count_shadow()
        self._count_rules()
        self._calls = CallMetrics(registry)
        self._state = StateMetrics(registry)
        self.saturation = Saturation(registry)
        self.expiry = ExpiryMetrics(registry, on_event=on_event)
        self._process = ProcessMetrics(registry, on_event=on_event)
        info = registry.gauges("build_info", "Version and environment", "version", "environment")
        info[version, environment].set(1)

    def _count_requests(self) -> None:
        self._requests = self._registry.tally(
            "requests_total",
            "Requests answered, by status code (or maintenance) and method",
            "code",
            "method",
        )
        self._duration = self._registry.durations(
            "request_duration_seconds",
            "Time from the first byte of a request to the last byte of its answer",
        )
        self._loop_delay = self._registry.durations(
            "event_loop_delay_seconds", "How late work that was due at a moment began"
        )
        self._due: float | None = None
        self._open = 0
        self._in_flight = self._registry.gauge(
            "requests_in_flight", "Requests being answered now", mode="livesum"
        )
        self._authz = self._registry.tally("authz_total", "Decisions, by rule", "rule", "decision")
        self._evaluations = self._registry.tally(
            "evaluations_total",
            "Decisions that programs asked for, by caller and verdict",
            "caller",
            "verdict",
        )

    def _count_events(self) -> None:
        make = self._registry
        self._streams = make.gauge(
            "streams_open", "Streams, downloads and uploads that have lasted for a while", mode="livesum"
        )
        self._streams_cut = make.family(
            "streams_cut_total", "Exchanges ended before their time, by reason", "reason"
        )
        self._websockets = make.gauge("websockets_open", "WebSockets that are open now", mode="livesum")
        self._clients_refused = make.family(
            "clients_refused_total", "Connections that the listener refused or closed, by reason", "reason"
        )
        self._loop_failures = make.family(
            "loop_failures_total", "Turns of loops beside the requests that failed or took too long", "loop"
        )
        self._loop_failing = make.gauges(
            "loop_failing", "1 where a loop beside the requests fails, in any worker", "loop", mode="livemax"
        )
        self._dropped = make.counter("records_dropped_total", "Decision records that could not be kept")
        self.spans = make.family("trace_spans_total", "Spans of traces, by what became of them", "result")

    def _count_servers(self) -> None:
        make = self._registry
        self._upstream_errors = make.family(
            "upstream_errors_total", "Requests that the register did not answer well", "error"
        )
        self._server_up = make.gauges(
            "upstream_server_up",
            "1 where this server takes requests, in every worker",
            "upstream",
            "server",
            mode="livemin",
        )
        self._server_failures = make.family(
            "upstream_server_failures_total",
            "Requests that failed at this server, whether or not another answered them",
            "upstream",
            "server",
            "error",
        )
        self._repeated = make.family(
            "upstream_repeated_total", "Requests that were sent to another server", "upstream"
        )

    def _count_shadow(self) -> None:
        make = self._registry
        self._shadow = make.tally(
            "shadow_differences_total", "Decisions that the candidate rules change", "rule", "change"
        )
        self._shadow_judged = make.tally(
            "shadow_judged_total", "Requests judged by the candidate rules as well", "result"
        )
        self._shadow_loaded = make.gauge("shadow_loaded", "1 where candidate rules are compared")

    def _count_rules(self) -> None:
        make = self._registry
        self._reloads = make.family("config_reloads_total", "Reloads of the configuration", "result")
        self._reload_success = make.gauge(
            "config_last_reload_success", "1 where the last reload went live, 0 where the old rules stayed"
        )
        self._reload_time = make.gauge(
            "config_last_reload_success_timestamp_seconds", "When the rules in force went live"
        )
        self._rules = make.gauge("rules", "Rules in force")
        self._rule_set = make.gauge(
            "rule_set",
            "The first 13 hexadecimal digits of the rule set in force, as a number",
            mode="liveall",
        )
        self.settings = make.gauge(
            "config_checksum", "The hash of the settings in force, as a number", mode="liveall"
        )
        self._restart = make.gauge(
            "config_restart_needed", "1 where the file has settings that need a restart"
        )

    async def start(self) -> None:
        """Flush what is counted to the registry, every quarter of a second from now on."""
        self._loop.start(at_once=True)
        await self._process.start()
        await self.expiry.start()

    async def aclose(self) -> None:
        """Flush the rest."""
        await self.expiry.aclose()
        await self._process.aclose()
        await self._loop.aclose()
        self.hand_over()

    async def _hand_over(self, _asked: bool) -> None:
        now = time.perf_counter()
        if self._due is not None:
            self._loop_delay.count(max(0.0, now - self._due))
        self.hand_over()
        self._due = time.perf_counter() + _HAND_OVER_SECONDS

    def hand_over(self) -> None:
        """Bring the registry up to date. On the event loop, as all counting."""
        for tally in (self._requests, self._authz, self._evaluations, self._shadow, self._shadow_judged):
            tally.hand_over()
        self._duration.hand_over()
        self._loop_delay.hand_over()
        self._in_flight.set(self._open)
        self.saturation.hand_over()

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
        self._authz.count((rule or "none", verdict))

    def evaluated(self, caller: str, verdict: str) -> None:
        """A program asked for a decision, about a request that nobody sent: allow or deny."""
        self._evaluations.count((caller, verdict))

    def on_event(self, event: Event) -> None:
        """Count what happened elsewhere in the gateway."""
        match event:
            case ClientRefused(reason):
                self._clients_refused[(reason,)].inc()
            case UpstreamFailed(error):
                self._upstream_errors[(error,)].inc()
            case ServerFailed(upstream, server, error):
                self._server_failures[upstream, server, error].inc()
            case ServerOut(upstream, server):
                self._server_up[upstream, server].set(0)
            case ServerReturned(upstream, server):
                self._server_up[upstream, server].set(1)
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
                self._calls.on_event(event)
                self._state.on_event(event)

    def _loop_took_turn(self, loop: str, *, failed: bool) -> None:
        self._loop_failures[(loop,)].inc(failed)
        self._loop_failing[(loop,)].set(failed)

    def _rules_live(self, rules: str, count: int, *, restart_needed: bool) -> None:
        self._reloads[("ok",)].inc()
        self._reload_success.set(1)
        self._reload_time.set(self._clock())
        self._restart.set(restart_needed)
        self._rules.set(count)
        self._rule_set.set(int(rules[:13], 16))

    @property
    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of every metric, by its name."""
        return self._registry.labels

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """(text, content type) for a reader with this Accept header, as of the last `hand_over`, summed over all workers
        where there are several. May run in a thread."""
        return self._registry.exposition(accept)
