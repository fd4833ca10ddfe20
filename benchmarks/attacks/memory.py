"""How much memory a server and its children take, and took at most (Linux)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

_RESET_PEAK = "5"  # proc(5), /proc/pid/clear_refs


def resident(pid: int) -> float:
    """Megabytes now."""
    return sum(_field(each, "VmRSS") for each in _family(pid))


def peak(pid: int) -> float:
    """Megabytes at most since `forget_peak`."""
    return sum(_field(each, "VmHWM") for each in _family(pid))


def forget_peak(pid: int) -> None:
    """Begin anew. Raises PermissionError for a process of somebody else."""
    for each in _family(pid):
        Path(f"/proc/{each}/clear_refs").write_text(_RESET_PEAK)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from _family(int(child))


def _field(pid: int, name: str) -> float:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        if found:
            return int(found[1]) / 1024
    return 0.0
