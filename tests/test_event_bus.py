"""Events reach every listener, whatever another listener does."""

from __future__ import annotations

import structlog

from gateway.event_bus import Events
from gateway.events import Event, LoginEnded, RecordsDropped


class Memory:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)


class Broken:
    def on_event(self, event: Event) -> None:
        raise RuntimeError("broken")


def test_every_listener_gets_every_event_from_its_subscription_on() -> None:
    events, first, second = Events(), Memory(), Memory()
    events(LoginEnded("ok"))
    events.subscribe(first)
    events(LoginEnded("denied"))
    events.subscribe(second)
    events(RecordsDropped(3))
    assert first.events == [LoginEnded("denied"), RecordsDropped(3)]
    assert second.events == [RecordsDropped(3)]


def test_a_listener_that_raises_is_logged_and_breaks_nothing() -> None:
    events, memory = Events(), Memory()
    events.subscribe(Broken())
    events.subscribe(memory)
    with structlog.testing.capture_logs() as logs:
        events(LoginEnded("ok"))
    assert memory.events == [LoginEnded("ok")]
    assert [(each["event"], each["listener"], each["kind"]) for each in logs] == [
        ("a listener failed", "Broken", "LoginEnded")
    ]


def test_a_listener_may_publish() -> None:
    events, memory = Events(), Memory()

    class Publishes:
        def on_event(self, event: Event) -> None:
            if isinstance(event, LoginEnded):
                events(RecordsDropped(1))

    events.subscribe(Publishes())
    events.subscribe(memory)
    events(LoginEnded("ok"))
    assert memory.events == [RecordsDropped(1), LoginEnded("ok")]
