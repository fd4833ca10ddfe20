"""What this process uses of the machine: processor time, memory and open files, by the names that Prometheus clients use."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.background import Loop
from gateway.events import OnEvent, ignore
from gateway.observe.registry import Registry

_EVERY_SECONDS: Final = 5.0
_PROC: Final = Path("/proc")
_OF_EACH: Final = "liveall"


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of processor time, octets, open files. What the system does not say is 0."""

    cpu: float
    resident: int
    virtual: int
    files: int
    most_files: float


def usage_now() -> Usage:
    """What this process has used, and uses now. May wait for the kernel: call it in a thread."""
    times = os.times()
    virtual = resident = files = 0
    with contextlib.suppress(OSError, ValueError):
        pages = (_PROC / "self/statm").read_text("ascii").split()
        size = resource.getpagesize()
        virtual, resident = int(pages[0]) * size, int(pages[1]) * size
    with contextlib.suppress(OSError):
        files = len(os.listdir(_PROC / "self/fd"))  # noqa: PTH208 - no paths are needed, and there can be many
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    bounded = float("inf") if most == resource.RLIM_INFINITY else float(most)
    return Usage(times.user + times.system, resident, virtual, files, bounded)


def started_at() -> float:
    """When this process began, in seconds since the epoch; now, where the system does not say."""
    try:
        # What follows the name, which may contain anything: field 22 of proc(5) is the 20th there.
        ticks = (_PROC / "self/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
        booted = next(
            line.split()[1]
            for line in (_PROC / "stat").read_text("ascii").splitlines()
            if line.startswith("btime ")
        )
        return float(booted) + int(ticks) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return time.time()


class ProcessMetrics:
    """Looks every few seconds. With several workers processor time is a sum, and each other number has the worker's `pid`."""

    def __init__(self, registry: Registry, *, on_event: OnEvent = ignore) -> None:
        self._cpu = registry.counter("process_cpu_seconds_total", "Processor time, of all workers together")
        self._busy = registry.gauge(
            "process_busy_ratio",
            "Part of one processor that a worker used in the last seconds",
            mode=_OF_EACH,
        )
        self._resident = registry.gauge(
            "process_resident_memory_bytes", "Memory of a worker that is in use", mode=_OF_EACH
        )
        self._virtual = registry.gauge(
            "process_virtual_memory_bytes", "Address space of a worker", mode=_OF_EACH
        )
        self._files = registry.gauge("process_open_fds", "Open files of a worker", mode=_OF_EACH)
        self._most = registry.gauge("process_max_fds", "Files that a worker may open", mode=_OF_EACH)
        self._started = registry.gauge(
            "process_start_time_seconds", "When a worker began (seconds since the epoch)", mode=_OF_EACH
        )
        self._counted = 0.0
        self._looked = time.monotonic()
        self._loop = Loop("process", self._look, pause=_EVERY_SECONDS, on_event=on_event)

    async def start(self) -> None:
        """Look now, and every few seconds from now on."""
        self._started.set(await asyncio.to_thread(started_at))
        self._loop.start(at_once=True)

    async def aclose(self) -> None:
        """Stop looking."""
        await self._loop.aclose()

    async def _look(self, _asked: bool) -> None:
        usage = await asyncio.to_thread(usage_now)
        now = time.monotonic()
        used, passed = usage.cpu - self._counted, now - self._looked
        if self._counted and passed > 0:
            self._busy.set(used / passed)
        self._cpu.inc(max(0.0, used))
        self._counted, self._looked = usage.cpu, now
        self._resident.set(usage.resident)
        self._virtual.set(usage.virtual)
        self._files.set(usage.files)
        self._most.set(usage.most_files)
