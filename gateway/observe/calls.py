"""Counts and times what the gateway asks of the provider and of the session store, and the results of logins."""

from __future__ import annotations

from gateway.events import (
    Event,
    LoggedOut,
    LoginEnded,
    ProviderCalled,
    SessionProven,
    SignalReceived,
    StoreCalled,
    TokenJudged,
)
from gateway.observe.registry import Registry

# A silent question to the provider that changed nothing does not count as an attempt to log in.
_NO_LOGIN = "silent-refused"


class CallMetrics:
    """One listener to the events of calls and logins."""

    def __init__(self, registry: Registry) -> None:
        self._authn = registry.family(
            "authn_total", "Logins that ended and access tokens that were checked, by success", "success"
        )
        self._logins = registry.family("logins_total", "Logins that ended, by result", "result")
        self._logouts = registry.family("logouts_total", "Logouts, by kind", "operation")
        self._signals = registry.family(
            "signals_total",
            "Security events of transmitters, by type and what became of them",
            "signal",
            "result",
        )
        self._proofs = registry.family(
            "session_proofs_total",
            "Proofs of the keys of bound sessions, by operation and what became of them",
            "operation",
            "result",
        )
        self._provider = registry.family(
            "provider_requests_total", "Calls to the provider", "endpoint", "result"
        )
        self._provider_latency = registry.histograms(
            "provider_latency_seconds", "Time that calls to the provider take", "endpoint"
        )
        self._store_latency = registry.histograms(
            "store_latency_seconds", "Time that calls to the session store take", "operation"
        )
        self._store_errors = registry.family(
            "store_errors_total", "Calls to the session store that failed", "operation"
        )

    def on_event(self, event: Event) -> None:
        """Take note of an event; those of no interest are ignored."""
        match event:
            case StoreCalled(operation, seconds, failed):
                self._store_latency[(operation,)].observe(seconds)
                self._store_errors[(operation,)].inc(failed)
            case ProviderCalled(endpoint, result, seconds):
                self._provider[endpoint, result].inc()
                self._provider_latency[(endpoint,)].observe(seconds)
            case LoginEnded(result):
                self._logins[(result,)].inc()
                if result != _NO_LOGIN:
                    self._succeeded(result == "ok")
            case TokenJudged(valid):
                self._succeeded(valid)
            case LoggedOut(operation):
                self._logouts[(operation,)].inc()
            case SignalReceived():
                self._signals[event.signal, event.result].inc()
            case SessionProven(operation, result):
                self._proofs[operation, result].inc()
            case _:
                pass

    def _succeeded(self, success: bool) -> None:
        self._authn[("true" if success else "false",)].inc()
