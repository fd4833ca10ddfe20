"""Metrics that count in memory."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.observe.counting import OTHER, SECONDS, Durations, Family, Tally


def test_counts_arrive_when_they_are_handed_over() -> None:
    registry = CollectorRegistry()
    tally = Tally(Family(Counter("seen", "x", ["kind"], registry=registry), 1))
    durations = Durations(Histogram("took", "x", buckets=SECONDS, registry=registry))
    tally.count(("a",))
    tally.count(("a",))
    durations.count(0.002)
    assert registry.get_sample_value("seen_total", {"kind": "a"}) is None
    tally.hand_over()
    durations.hand_over()
    assert registry.get_sample_value("seen_total", {"kind": "a"}) == 2
    assert registry.get_sample_value("took_bucket", {"le": "0.0025"}) == 1
    assert registry.get_sample_value("took_sum") == 0.002


def test_children_are_bounded() -> None:
    registry = CollectorRegistry()
    family = Family(Counter("seen", "x", ["kind"], registry=registry), 1)
    for number in range(2_010):
        family[(str(number),)].inc()
    assert registry.get_sample_value("seen_total", {"kind": OTHER}) == 10
    assert len(family._children) == 2_000, "values that count as other are not remembered either"
