"""Brings every event to all parts that want to know of it."""

from __future__ import annotations

from typing import Protocol

import structlog

from gateway.events import Event

log = structlog.get_logger()


class EventListener(Protocol):
    """A part that wants to know what happens elsewhere."""

    def on_event(self, event: Event) -> None:
        """Take note of an event, without waiting; events of no interest are ignored."""


class Events:
    """Calling it publishes an event to all subscribers, in the order in which they subscribed."""

    def __init__(self) -> None:
        self._listeners: tuple[EventListener, ...] = ()

    def subscribe(self, listener: EventListener) -> None:
        """Let `listener` get every event from now on."""
        self._listeners = (*self._listeners, listener)

    def __call__(self, event: Event) -> None:
        """Publish. A listener that raises is logged: it breaks neither the publisher nor other listeners."""
        for listener in self._listeners:
            try:
                listener.on_event(event)
            except Exception as problem:  # noqa: BLE001 - whatever a listener does wrong is its own trouble
                name = type(listener).__name__
                log.error("a listener failed", listener=name, kind=type(event).__name__, error=repr(problem))
