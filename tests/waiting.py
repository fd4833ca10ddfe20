"""Waiting for something that another task, thread or process brings about."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


def until(condition: Callable[[], object], patience: float = 30.0, *, pause: float = 0.01) -> bool:
    """Whether the condition comes true in time; looked at again after each pause."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(pause)
    return False


async def eventually(condition: Callable[[], object], patience: float = 30.0) -> None:
    """Let the event loop go on until the condition is true. Raises AssertionError if it isn't in time."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.005)


async def rounds(number: int) -> None:
    """Let the event loop do what is ready, so many times."""
    for _ in range(number):
        await asyncio.sleep(0)
