"""Waits for a descriptor. `select.select` takes none above 1023, and a gateway with many connections gets only such."""

from __future__ import annotations

import select
from math import ceil


def is_readable(descriptor: int, seconds: float) -> bool:
    """Whether there is something to read, or the end, within this many seconds."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(ceil(max(0.0, seconds) * 1000)))


def wait_until_writable(descriptor: int) -> None:
    """Wait, for however long, until something can be written, or nobody reads any more."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    poll.poll()
