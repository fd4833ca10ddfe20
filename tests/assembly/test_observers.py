"""What follows an environment."""

from __future__ import annotations

from gateway.assembly.observers import observers
from tests.assembly.conftest import Made


def test_requests_are_traced_only_where_it_is_asked_for(made: Made) -> None:
    assert observers(made()).tracing is None
    traced = observers(made(observe={"tracing": {"otlp": "http://localhost:4318", "sample": 1.0}}))
    assert traced.tracing is not None
    assert traced.tracing.trace_of({"type": "http", "headers": []}) is not None


def test_the_metrics_tell_which_settings_are_in_force(made: Made) -> None:
    environment = made()
    shown = observers(environment).metrics.exposition()[0].decode()
    (line,) = (each for each in shown.splitlines() if each.startswith("toegangspoort_config_checksum"))
    assert float(line.rpartition(" ")[2]) == int(environment.settings_hash, 16)
