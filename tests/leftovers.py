"""Whether requests leave anything behind that only a garbage collection finds."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

from gateway.exchange import Exchange
from gateway.upstream.connection import UpstreamConnection


@contextlib.contextmanager
def nothing_left() -> Iterator[None]:
    """What is left in a cycle holds the rule set, and a reload freezes it together with the fresh one."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield
        gc.collect()
        assert not [each for each in gc.garbage if isinstance(each, Exchange | UpstreamConnection)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
