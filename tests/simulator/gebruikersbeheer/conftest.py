"""Gebruikersbeheer of one environment, and people before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.simulator.visitors import Portal, Visitor, portal

START = "/gebruikersbeheer/start"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with portal(tmp_path_factory.mktemp("gb")) as found:
        yield found


@pytest.fixture
def office(running: Portal) -> Iterator[Portal]:
    """Gebruikersbeheer as it begins."""
    running.begin_anew()
    now = running.clock.now
    yield running
    running.clock.now = now


@pytest.fixture
def somebody(office: Portal) -> Iterator[Callable[[], Visitor]]:
    """Makes a visitor with a browser of their own."""
    made: list[Visitor] = []

    def make() -> Visitor:
        made.append(Visitor(office.url))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def window(running: Portal) -> Iterator[Visitor]:
    """The window of an administrator, open all day: logging in takes most of a test's time."""
    found = Visitor(running.url)
    yield found
    found.close()


@pytest.fixture
def beheerder(office: Portal, window: Visitor) -> Visitor:
    """The administrator of Containerdienst Peeters, logged in."""
    if "Dag Bea" not in window.open(START).text:
        window.forget()
        assert "Dag Bea" in window.log_in(START, "beheerder").text
    return window
