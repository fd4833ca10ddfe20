"""What a registry shows, and in which form."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text_format

from gateway.observe.registry import Registry


@pytest.fixture
def registry() -> Registry:
    found = Registry()
    found.family("requests_total", "Requests", "code")[("200",)].inc(3)
    found.gauge("rules", "Rules", mode="liveall").set(4)
    found.histograms("store_latency_seconds", "Store", "operation")[("get",)].observe(0.02)
    return found


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain; version=1.0.0"),
        ("*/*", "text/plain; version=1.0.0"),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8,text/plain;q=0.5", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text; version=abc", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text; version=\x00", "application/openmetrics-text; version=1.0.0"),
    ],
)  # fmt: skip
def test_the_form_that_is_asked_for(registry: Registry, accept: str, kind: str) -> None:
    text, shown = registry.exposition(accept)
    assert shown.startswith(kind)
    parse = open_metrics if "openmetrics" in shown else text_format
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in parse(text.decode())
        for sample in family.samples
    }
    assert samples["toegangspoort_requests_total", "200"] == 3
    assert samples["toegangspoort_rules",] == 4
    assert samples["toegangspoort_store_latency_seconds_bucket", "0.025", "get"] == 1
    assert text.endswith(b"# EOF\n") is ("openmetrics" in shown)


def test_the_labels_of_every_metric(registry: Registry) -> None:
    assert registry.labels == {
        "toegangspoort_requests_total": ("code",),
        "toegangspoort_rules": ("pid",),
        "toegangspoort_store_latency_seconds": ("operation",),
    }
