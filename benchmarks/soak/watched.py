"""`gateway serve` for the soak: on SIGUSR2 the process writes down what it holds, as JSON.

`python -m benchmarks.soak.watched CONFIG NUMBERS`
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Iterator, Sized
from pathlib import Path
from typing import Any

from cachetools import Cache

from gateway.cli import serve
from gateway.cli.handover import LaunchContext
from gateway.cli.server import OnlyServer
from gateway.config import load
from gateway.policy.ruleset import RuleSet

_DEEPEST = 10


class _Watched(serve._Worker):
    """The worker of `gateway serve`, and what it holds."""

    numbers: Path

    def load(self) -> None:
        super().load()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, self.write_down)

    def write_down(self) -> None:
        """Write the numbers, whole or not at all."""
        app: Any = self.app
        http: Any = self.http
        gc.collect()
        found = {
            "tasks": len(asyncio.all_tasks()),
            "blocks": sys.getallocatedblocks(),
            "clients": len(http.listener.connections),
            "upstream": app.areas.register.upstreams.open_connections,
            "held": sum(
                pool.in_use for each in app.areas.register.upstreams.by_name.values() for pool in each.pools
            ),
            "in_flight": app.areas.observers.metrics._open,
            "tables": dict(tables(app)),
        }
        unfinished = self.numbers.with_suffix(".new")
        unfinished.write_text(json.dumps(found))
        unfinished.replace(self.numbers)


def tables(app: object) -> Iterator[tuple[str, tuple[int, int | None]]]:
    """(name, (entries, bound or None)) of each table that the gateway's objects hold."""
    seen: set[int] = set()
    waiting: deque[tuple[str, object, int]] = deque([("", app, 0)])
    while waiting:
        name, holder, depth = waiting.popleft()
        if id(holder) in seen or isinstance(holder, RuleSet):
            continue
        seen.add(id(holder))
        for attribute, value in _attributes(holder):
            place = f"{name}.{attribute}" if name else attribute
            if isinstance(value, Cache):
                yield place, (len(value), int(value.maxsize))
            elif isinstance(value, dict | set | list | deque):
                yield place, (len(value), getattr(holder, "_size", None))
            elif type(value).__module__.startswith("gateway.") and depth < _DEEPEST:
                waiting.append((place, value, depth + 1))
            elif isinstance(value, Sized):
                continue


def _attributes(holder: object) -> Iterator[tuple[str, object]]:
    names = [*getattr(holder, "__dict__", ())]
    for kind in type(holder).__mro__:
        slots = getattr(kind, "__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
    for name in names:
        if not name.startswith("__"):
            value = getattr(holder, name, None)
            if value is not None:
                yield name, value


def main() -> None:
    path = Path(sys.argv[1])
    settings = load(path).environment("ti")
    context = LaunchContext.of("ti", os.environ)
    at = {"listen": settings.listen, "observe": settings.observe.listen}
    worker = _Watched(path, "ti", at, context.sockets.listen(settings.observe.listen), {})
    worker.numbers = Path(sys.argv[2])
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    OnlyServer(worker, context).run(sockets=[context.sockets.listen(settings.listen)])


if __name__ == "__main__":
    main()
