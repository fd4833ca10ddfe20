"""Numbers with bounded labels, in one process and in several."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from gateway.events import (
    BlocksChanged,
    BlocksLoaded,
    CandidateChanged,
    ClientRefused,
    LoggedOut,
    LoginEnded,
    LoopFailed,
    LoopWorks,
    ProviderCalled,
    RecordsDropped,
    RequestRepeated,
    RulesChanged,
    RulesLoaded,
    RulesRefused,
    ServerFailed,
    ServerOut,
    ServerReturned,
    SessionEnded,
    ShadowJudged,
    SignalReceived,
    StreamCut,
    StreamsCounted,
    UpstreamFailed,
)
from gateway.observe.metrics import Metrics
from gateway.observe.registry import forget_worker
from tests.observe.conftest import Clock


@pytest.fixture
def metrics(clock: Clock) -> Metrics:
    return Metrics("ti", version="0.1.0", clock=clock)


def shown(metrics: Metrics) -> dict[str, float]:
    metrics.hand_over()
    text, kind = metrics.exposition()
    assert kind.startswith("text/plain")
    lines = [line for line in text.decode().splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_what_happens_is_counted(metrics: Metrics) -> None:
    metrics.started()
    metrics.started()
    metrics.finished("GET", 200, 0.004)
    metrics.decided("own-reports", "allow")
    metrics.decided(None, "deny")
    for event in (
        ClientRefused("head-slow"),
        ClientRefused("head-slow"),
        LoginEnded("ok"),
        LoggedOut("local"),
        SignalReceived("session-revoked", "nobody"),
        UpstreamFailed("upstream-timeout"),
        ProviderCalled("token", "ok", 0.3),
        RecordsDropped(3),
        StreamsCounted(1),
        ShadowJudged("differs", "own-reports", "newly_denied"),
        ShadowJudged("same"),
        CandidateChanged("f" * 64),
        BlocksLoaded(("b-1", "b-2", "b-3")),
        BlocksChanged(("b-1", "b-2")),
        StreamCut("session-ended"),
        SessionEnded("s-1"),
        RulesLoaded("0" * 64, 3, frozenset()),
        RulesChanged("0" * 64, "00000000000ff" + "0" * 51, 4, frozenset(), restart_needed=True),
        RulesRefused("0" * 64, ("config.yaml:1:1: broken",)),
    ):
        metrics.on_event(event)
    found = shown(metrics)
    expected = {
        'requests_total{code="200",method="GET"}': 1,
        'request_duration_seconds_bucket{le="0.005"}': 1,
        'request_duration_seconds_bucket{le="0.0025"}': 0,
        "requests_in_flight": 1,
        'authz_total{decision="allow",rule="own-reports"}': 1,
        'authz_total{decision="deny",rule="none"}': 1,
        'shadow_differences_total{change="newly_denied",rule="own-reports"}': 1,
        'clients_refused_total{reason="head-slow"}': 2,
        'logins_total{result="ok"}': 1,
        'logouts_total{operation="local"}': 1,
        'signals_total{result="nobody",signal="session-revoked"}': 1,
        'upstream_errors_total{error="upstream-timeout"}': 1,
        'provider_requests_total{endpoint="token",result="ok"}': 1,
        "records_dropped_total": 3,
        "streams_open": 1,
        'shadow_judged_total{result="differs"}': 1,
        'shadow_judged_total{result="same"}': 1,
        "shadow_loaded": 1,
        "blocks": 2,
        'streams_cut_total{reason="session-ended"}': 1,
        'config_reloads_total{result="ok"}': 2,
        'config_reloads_total{result="refused"}': 1,
        "config_last_reload_success": 0,
        "config_last_reload_success_timestamp_seconds": 1_795_466_180.5,
        "rules": 4,
        "rule_set": 255,
        "config_restart_needed": 1,
        'build_info{environment="ti",version="0.1.0"}': 1,
    }
    assert {f"toegangspoort_{name}": value for name, value in expected.items()}.items() <= found.items()
    assert all(name.startswith("toegangspoort_") for name in found)


def test_labels_are_bounded(metrics: Metrics) -> None:
    for number in range(3_000):
        metrics.started()
        metrics.finished(f"METHOD{number}", number, 0.001)
        metrics.decided(f"rule-{number}", "allow")
    found = shown(metrics)
    methods = [name for name in found if name.startswith("toegangspoort_requests_total")]
    assert all('method="other"' in name for name in methods)
    assert len(methods) == 501
    rules = [name for name in found if name.startswith("toegangspoort_authz_total")]
    assert len(rules) == 2_001
    assert found['toegangspoort_authz_total{decision="other",rule="other"}'] == 1_000


def test_two_environments_of_one_process_do_not_meet(clock: Clock) -> None:
    one, other = Metrics("ti", version="1", clock=clock), Metrics("prd", version="1", clock=clock)
    one.on_event(LoginEnded("ok"))
    assert 'toegangspoort_logins_total{result="ok"}' not in shown(other)


_COUNTS = textwrap.dedent(
    """
    import asyncio, sys
    from gateway.observe.metrics import Metrics
    async def count():
        metrics = Metrics("ti", version="1")
        await metrics.start()
        metrics.started(); metrics.started()
        metrics.finished("GET", 200, 0.01)
        if sys.argv[1] == "stops":
            await metrics.aclose()
        else:
            print("counted", flush=True)
            await asyncio.Event().wait()
    asyncio.run(count())
    """
)


def test_another_worker_shows_what_this_one_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", _COUNTS, "stops"], env=environment, check=True, timeout=30)
    command = [sys.executable, "-c", _COUNTS, "runs on"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
        wanted = ('requests_total{code="200",method="GET"} 2.0', "request_duration_seconds_count 2.0")
        end = time.monotonic() + 10.0
        while time.monotonic() < end:
            text = Metrics("ti", version="1").exposition()[0].decode()
            if all(f"toegangspoort_{line}" in text for line in wanted):
                break
        child.kill()
    assert all(f"toegangspoort_{line}" in text for line in wanted)


def test_several_workers_show_their_sum(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import asyncio, sys
        from gateway.events import RulesLoaded
        from gateway.observe.metrics import Metrics
        metrics = Metrics("ti", version="1")
        metrics.started(); metrics.started()
        metrics.finished("GET", 200, 0.01)
        metrics.on_event(RulesLoaded("0" * 64, 4, frozenset()))
        asyncio.run(metrics.aclose())
        if sys.argv[1] == "show":
            sys.stdout.write(metrics.exposition()[0].decode())
        """
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for argument in ("count", "show"):
        done = subprocess.run(
            [sys.executable, "-c", program, argument],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    assert 'toegangspoort_requests_total{code="200",method="GET"} 2.0' in done.stdout
    assert "toegangspoort_requests_in_flight 2.0" in done.stdout
    assert "toegangspoort_config_last_reload_success 1.0" in done.stdout


def test_a_worker_that_ended_counts_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gauge_livesum_4711.db"
    gone.touch()
    forget_worker(4711)
    assert gone.exists()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    forget_worker(4711)
    assert not gone.exists()


def test_the_servers_of_an_upstream(metrics: Metrics) -> None:
    for event in (
        ServerReturned("reports", "http://a"),
        ServerReturned("reports", "http://b"),
        ServerFailed("reports", "http://b", "upstream-timeout"),
        RequestRepeated("reports"),
        ServerOut("reports", "http://b", "upstream-timeout"),
    ):
        metrics.on_event(event)
    labels = 'server="http://b",upstream="reports"'
    found = shown(metrics)
    assert found['toegangspoort_upstream_server_up{server="http://a",upstream="reports"}'] == 1
    assert found[f"toegangspoort_upstream_server_up{{{labels}}}"] == 0
    assert found[f'toegangspoort_upstream_server_failures_total{{error="upstream-timeout",{labels}}}'] == 1
    assert found['toegangspoort_upstream_repeated_total{upstream="reports"}'] == 1


def test_loops_that_fail(metrics: Metrics) -> None:
    for event in (LoopFailed("rules", "x"), LoopFailed("rules", "y")):
        metrics.on_event(event)
    assert shown(metrics)['toegangspoort_loop_failing{loop="rules"}'] == 1
    metrics.on_event(LoopWorks("rules"))
    found = shown(metrics)
    assert found['toegangspoort_loop_failing{loop="rules"}'] == 0
    assert found['toegangspoort_loop_failures_total{loop="rules"}'] == 2
