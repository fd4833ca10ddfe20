"""How many requests of strangers that are refused before a decision get a record of their own; the others are counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.client_limits import ClientLimits, client_of

# For one address and one reason: how many at once, and after how many seconds one more.
_CLIENT_BURST: Final = 10
_CLIENT_EVERY: Final = 10.0
# All addresses together, for one reason.
_REASON_BURST: Final = 100
_REASON_EVERY: Final = 2.0


@dataclass(slots=True)
class _Counted:
    first: float
    last: float
    count: int = 0


class RefusalRoom:
    """Room for records by reason and by client. `clock` gives seconds since the epoch."""

    EVERY: Final = 60.0
    """Seconds after which what was counted is written down."""

    def __init__(self, clock: Callable[[], float], *, steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._clients = ClientLimits(_CLIENT_BURST, _CLIENT_EVERY, steady=steady)
        self._reasons = ClientLimits(_REASON_BURST, _REASON_EVERY, steady=steady)
        self._counted: dict[str, _Counted] = {}

    def take(self, reason: str, client: str) -> bool:
        """Whether this one gets a record; else it is counted. Reasons are few: codes of the gateway."""
        # One address cannot use up the room of all.
        if not self._clients.take(f"{reason} {client_of(client)}") and not self._reasons.take(reason):
            return True
        now = self._clock()
        counted = self._counted.setdefault(reason, _Counted(now, now))
        counted.last = now
        counted.count += 1
        return False

    def summaries(self) -> Iterator[Mapping[str, Any]]:
        """What was counted since the last time, a mapping for a record for each reason."""
        counted, self._counted = self._counted, {}
        for reason, each in counted.items():
            yield {
                "kind": "refused",
                "reason": reason,
                "count": each.count,
                "first": each.first,
                "last": each.last,
            }
