"""The reference of metrics, held against the metrics that there are."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.observe.metrics import Metrics

PAGE = (Path(__file__).parents[2] / "docs/reference/metrics.md").read_text("utf-8")


def test_every_metric_has_its_heading_and_its_labels() -> None:
    described: dict[str, tuple[str, ...]] = {}
    for section in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        name, _, words = section.partition("\n")
        line = re.match(r"\s*Labels?: ([a-z_`, ]+)\.", words)
        described[name] = tuple(re.findall(r"`([a-z_]+)`", line[1])) if line else ()
        assert len(words.split()) > 2, f"{name} is not explained"
    assert described == dict(Metrics("ti", version="1").labels)


def test_every_metric_that_is_shown_is_known() -> None:
    metrics = Metrics("ti", version="1")
    text = metrics.exposition()[0].decode()
    shown = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    assert {name for name in shown if not name.endswith("_created")} == set(metrics.labels)
