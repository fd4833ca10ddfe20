"""Whether one server takes requests: by the requests that fail (circuit breaker), by probes, and slowly after a pause."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog

from gateway.events import ServerFailed, ServerOut, ServerReturned
from gateway.upstream.settings import BreakerSettings, UpstreamSettings

log = structlog.get_logger()

# The least share of a server that has just returned.
_FIRST_SHARE: Final = 0.1

HealthEvent = ServerFailed | ServerOut | ServerReturned


class ServerHealth:
    """Reports of requests and probes about one server, and what follows from them.

    A server is out while its breaker is open or its probes fail. An open breaker lets one request try the server
    after `open_for`, and another one each `open_for` later, until one gets an answer. `steady` gives seconds.

    Without settings nothing puts it out.
    """

    troubled = False
    """Whether anything is wrong with it, or was a moment ago; where nothing is, nobody needs to report success."""

    def __init__(
        self,
        settings: UpstreamSettings | None = None,
        *,
        upstream: str = "",
        server: str = "",
        steady: Callable[[], float] = time.monotonic,
        on_event: Callable[[HealthEvent], None] = lambda _event: None,
    ) -> None:
        self._breaker: BreakerSettings | None = settings.breaker_in_force if settings is not None else None
        self._slow_start = settings.slow_start if settings is not None else 0.0
        self._probe = settings.probe if settings is not None else None
        self._name = (upstream, server)
        self._steady = steady
        self._on_event = on_event
        self._failures = 0
        self._tried_from: float | None = None  # set while the breaker is open
        self._probes = 0  # in a row that say otherwise than `_down`
        self._down = False
        self._returned: float | None = None  # set during the slow start
        self.why = ""

    @property
    def steadfast(self) -> bool:
        """Whether nothing can put it out."""
        return self._breaker is None and self._probe is None

    @property
    def out(self) -> bool:
        """Whether it takes no requests, except one that tries it."""
        return self._down or self._tried_from is not None

    def admits(self) -> bool:
        """Whether the next request may go to it."""
        if not self.troubled:
            return True
        return not self._down and (self._tried_from is None or self._steady() >= self._tried_from)

    def taken(self) -> None:
        """A request goes to it. If that is the one that tries it, the next must wait."""
        if self._tried_from is not None and self._breaker is not None:
            self._tried_from = self._steady() + self._breaker.open_for

    def retry_in(self) -> float:
        """Seconds until it may take a request again."""
        if self._down:
            return self._probe.interval if self._probe is not None else 0.0
        return max(0.0, self._tried_from - self._steady()) if self._tried_from is not None else 0.0

    def share(self) -> float:
        """Its share of requests beside those of other servers: 1, or less during its slow start."""
        if self._returned is None:
            return 1.0
        passed = (self._steady() - self._returned) / self._slow_start
        if passed >= 1.0:
            self._returned = None
            return 1.0
        return max(_FIRST_SHARE, passed)

    def failed(self, error: str) -> None:
        """A request failed at it; `error` is the code of the GatewayError."""
        self._on_event(ServerFailed(*self._name, error))
        breaker = self._breaker
        if breaker is None:
            return
        self._failures += 1
        if self._tried_from is not None or self._failures >= breaker.failures:
            was_out = self.out
            self._tried_from = self._steady() + breaker.open_for
            self._note(was_out, error)
        self._look()

    def succeeded(self) -> None:
        """A request got an answer from it."""
        was_out = self.out
        self._failures = 0
        self._tried_from = None
        self._note(was_out, "")

    def probed(self, fault: str | None) -> None:
        """A probe ended; `fault` says what is wrong with the server, None if nothing is."""
        probe = self._probe
        if probe is None or (fault is None) is not self._down:
            self._probes = 0
            self._look()
            return
        self._probes += 1
        if self._probes >= (probe.rise if fault is None else probe.fall):
            was_out = self.out
            self._probes = 0
            self._down = fault is not None
            if not self._down:
                # The probe has tried it: no request needs to.
                self._failures, self._tried_from = 0, None
            self._note(was_out, fault or "")
        self._look()

    def _note(self, was_out: bool, why: str) -> None:
        self._look()
        if was_out is self.out:
            return
        if self.out:
            self.why = why
            log.warning("server takes no requests", upstream=self._name[0], server=self._name[1], reason=why)
            self._on_event(ServerOut(*self._name, why))
        else:
            self.why = ""
            log.info("server takes requests again", upstream=self._name[0], server=self._name[1])
            self._returned = self._steady() if self._slow_start else None
            self._on_event(ServerReturned(*self._name))

    def _look(self) -> None:
        self.troubled = self.out or self._failures > 0
