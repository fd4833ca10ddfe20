"""Keeps the interpreter from pausing requests: the collector of reference cycles, and threads that work long."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

# Few objects of a request are in cycles: looking for them seldom is enough. A look at the middle generation is a pause, so
# it comes before there is much in it.
_THRESHOLDS: Final = (5_000, 3, 2_000)
# How long a thread may keep the interpreter while the event loop wants it: the interpreter's own 5 ms is a pause.
_SWITCH_SECONDS: Final = 0.0005
_GROWN: Final = 1.5


def tune() -> None:
    """Tune this process for short pauses. To be called once, when all that stays has been made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_SECONDS)


@contextmanager
def paused() -> Iterator[None]:
    """No collections while the block makes many objects that stay. In a tuned process none looks at them later, either."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # Counting what is frozen takes as long as a pause, so a tuned process is known by its thresholds.
        if gc.get_threshold() == _THRESHOLDS:
            gc.freeze()
        if was_on:
            gc.enable()


def drop(pieces: list[Any]) -> None:
    """Free what a large structure consists of, the first piece first: whoever lists outer pieces first frees little at a time.

    Freed at once, it would keep the interpreter longer than a request may wait. The list is empty afterwards.
    """
    pieces.reverse()
    while pieces:
        pieces.pop()


class Frozen:
    """What freezing at each reload keeps although nobody needs it: it is collected before it becomes much.

    That pauses everything for some 100 ms.
    """

    def __init__(self) -> None:
        self._before: int | None = None

    def look(self) -> None:
        """To be called before each reload: collects if the memory blocks in use have grown by half since the first look."""
        blocks = sys.getallocatedblocks()
        if self._before is None:
            self._before = blocks
        elif blocks > _GROWN * self._before:
            collect_frozen()
            self._before = None


def collect_frozen() -> None:
    """Collect what reloads left in cycles. This pauses everything for some 100 ms."""
    if gc.get_threshold() == _THRESHOLDS:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
