"""A session store whose calls are timed: each is published as an event."""

from __future__ import annotations

import time
from typing import Any, cast

from gateway.errors import StoreUnavailable
from gateway.events import OnEvent, StoreCalled
from gateway.session.store import Store

# No request waits for opening or closing.
_NOT_TIMED = frozenset(("start", "aclose"))


class _Measured:
    def __init__(self, store: Store, on_event: OnEvent) -> None:
        self._store = store
        self._on_event = on_event

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name in _NOT_TIMED or not hasattr(Store, name):
            return found

        async def timed(*values: Any, **named: Any) -> Any:
            begun, failed = time.perf_counter(), False
            try:
                return await found(*values, **named)
            except StoreUnavailable:
                failed = True
                raise
            finally:
                self._on_event(StoreCalled(name, time.perf_counter() - begun, failed))

        setattr(self, name, timed)
        return timed


def measured_store(store: Store, on_event: OnEvent) -> Store:
    """The store, with an event StoreCalled after each call of one of the methods of Store."""
    return cast(Store, _Measured(store, on_event))
