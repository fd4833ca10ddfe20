"""Makes the metrics of one process and shows them, those of all worker processes where there are several."""

from __future__ import annotations

import os
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST, choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from gateway.observe.counting import SECONDS, Durations, Family, Tally

_PREFIX: Final = "toegangspoort"
_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"


class Registry:
    """The metrics of one process, in a registry of their own. Each name gets the prefix of the gateway.

    With several worker processes PROMETHEUS_MULTIPROC_DIR names a directory (emptied before the start, and set
    before this module is imported); then any worker shows the sum over all. The `mode` of a gauge says what is shown of
    several workers: the latest value, the sum, the largest, the smallest, or all ("liveall", with a label `pid`).
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.labels: dict[str, tuple[str, ...]] = {}
        """The labels of every metric, by its full name."""

    def _named(self, name: str, *labels: str) -> str:
        full = f"{_PREFIX}_{name}"
        self.labels[full] = labels
        return full

    def counter(self, name: str, words: str) -> Counter:
        """A counter without labels."""
        return Counter(self._named(name), words, registry=self._registry)

    def family(self, name: str, words: str, *labels: str) -> Family:
        """A counter with labels."""
        return Family(
            Counter(self._named(name, *labels), words, labels, registry=self._registry), len(labels)
        )

    def tally(self, name: str, words: str, *labels: str) -> Tally:
        """A counter with labels for what happens with every request."""
        return Tally(self.family(name, words, *labels))

    def durations(self, name: str, words: str) -> Durations:
        """A histogram without labels for what happens with every request."""
        return Durations(
            Histogram(self._named(name), words, buckets=SECONDS, registry=self._registry),
        )

    def histograms(self, name: str, words: str, *labels: str) -> Family:
        """A histogram of seconds with labels."""
        made = Histogram(self._named(name, *labels), words, labels, buckets=SECONDS, registry=self._registry)
        return Family(made, len(labels))

    def gauge(self, name: str, words: str, *, mode: Any = "mostrecent") -> Gauge:
        """A gauge without labels."""
        full = self._named(name, *(("pid",) if mode == "liveall" else ()))
        return Gauge(full, words, registry=self._registry, multiprocess_mode=mode)

    def gauges(self, name: str, words: str, *labels: str, mode: Any = "mostrecent") -> Family:
        """A gauge with labels."""
        made = Gauge(
            self._named(name, *labels), words, labels, registry=self._registry, multiprocess_mode=mode
        )
        return Family(made, len(labels))

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """(text, content type) for a reader with this Accept header: OpenMetrics where it asks for that, else the text
        format of Prometheus. May run in a thread."""
        registry = self._registry
        directory = os.environ.get(_DIRECTORY)
        if directory:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
        if "openmetrics" not in accept:
            return generate_latest(registry), CONTENT_TYPE_LATEST
        try:
            encode, kind = choose_encoder(accept)
        except (ValueError, TypeError):  # not a version
            encode, kind = choose_encoder("application/openmetrics-text")
        return encode(registry), kind


def forget_worker(pid: int) -> None:
    """Take a worker that ended out of the gauges that count what is open now."""
    if os.environ.get(_DIRECTORY):
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
