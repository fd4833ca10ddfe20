"""Metrics that count in memory and are flushed to the registry now and then; how many children one can have is bounded."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import Any, Final

OTHER: Final = "other"
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""The buckets of every duration: from an answer out of memory to a time limit of a slow call."""

_MOST_LABELS: Final = 2_000


class Family:
    """One metric with its children by label values, each looked up once; beyond a limit they become "other"."""

    def __init__(self, metric: Any, labels: int) -> None:
        self._metric = metric
        self._other = (OTHER,) * labels
        self._children: dict[tuple[str, ...], Any] = {}

    def __getitem__(self, values: tuple[str, ...]) -> Any:
        child = self._children.get(values)
        if child is not None:
            return child
        if len(self._children) >= _MOST_LABELS:
            return self._metric.labels(*self._other)
        child = self._children[values] = self._metric.labels(*values)
        return child


class Tally:
    """A family that counts in memory, and adds its counts to the metric when it is asked to."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._counts: defaultdict[tuple[str, ...], int] = defaultdict(int)

    def count(self, values: tuple[str, ...]) -> None:
        self._counts[values] += 1

    def hand_over(self) -> None:
        for values, count in self._counts.items():
            self._family[values].inc(count)
        self._counts.clear()


class Durations:
    """A histogram with the buckets SECONDS that counts in memory. `prometheus_client` has no public way to add several
    observations at once."""

    def __init__(self, histogram: Any) -> None:
        self._histogram = histogram
        self._counts = [0] * (len(SECONDS) + 1)
        self._seconds = 0.0

    def count(self, seconds: float) -> None:
        self._counts[bisect_left(SECONDS, seconds)] += 1
        self._seconds += seconds

    def hand_over(self) -> None:
        for number, count in enumerate(self._counts):
            if count:
                self._histogram._buckets[number].inc(count)
                self._counts[number] = 0
        self._histogram._sum.inc(self._seconds)
        self._seconds = 0.0
