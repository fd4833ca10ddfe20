"""Which background loops fail at this moment, for `/readyz`."""

from __future__ import annotations

from gateway.events import Event, LoopFailed, LoopWorks
from gateway.observe.health import HealthStatus


class FailingLoops:
    """Listens to the loops of this process."""

    def __init__(self) -> None:
        self._why: dict[str, str] = {}

    def on_event(self, event: Event) -> None:
        """Note which loop fails, or works again."""
        match event:
            case LoopFailed(loop, why):
                self._why[loop] = why
            case LoopWorks(loop):
                self._why.pop(loop, None)
            case _:
                pass

    async def check(self) -> HealthStatus:
        """Every failing loop and why. The gateway stays ready: what they keep up to date stays as it was."""
        words = "; ".join(f"{loop}: {why}" for loop, why in self._why.items())
        return HealthStatus(True, words, degraded=bool(self._why))
