"""Calls to others, and logins, as numbers."""

import pytest

from gateway.events import Event, LoggedOut, LoginEnded, ProviderCalled, StoreCalled, TokenJudged
from gateway.observe.calls import CallMetrics
from gateway.observe.registry import Registry


def counted(*events: Event) -> set[str]:
    registry = Registry()
    metrics = CallMetrics(registry)
    for event in events:
        metrics.on_event(event)
    return set(registry.exposition()[0].decode().replace("toegangspoort_", "").splitlines())


def test_calls_to_the_provider_and_the_store() -> None:
    found = counted(
        ProviderCalled("token", "ok", 0.3),
        ProviderCalled("token", "error", 10.0),
        StoreCalled("get", 0.0004, False),
        StoreCalled("get", 2.0, True),
    )
    assert found >= {
        'provider_requests_total{endpoint="token",result="error"} 1.0',
        'provider_latency_seconds_bucket{endpoint="token",le="0.25"} 0.0',
        'provider_latency_seconds_bucket{endpoint="token",le="0.5"} 1.0',
        'provider_latency_seconds_count{endpoint="token"} 2.0',
        'store_latency_seconds_bucket{le="0.001",operation="get"} 1.0',
        'store_latency_seconds_sum{operation="get"} 2.0004',
        'store_errors_total{operation="get"} 1.0',
    }


@pytest.mark.parametrize(
    ("event", "success"),
    [
        (LoginEnded("ok"), "true"),
        (LoginEnded("state-expired"), "false"),
        (LoginEnded("silent-refused"), None),
        (TokenJudged(True), "true"),
        (TokenJudged(False), "false"),
        (LoggedOut("local"), None),
    ],
)
def test_attempts_to_prove_who_one_is(event: Event, success: str | None) -> None:
    lines = {line for line in counted(event) if line.startswith("authn_total{")}
    assert lines == ({f'authn_total{{success="{success}"}} 1.0'} if success else set())
