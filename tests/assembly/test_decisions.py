"""The decision point."""

from __future__ import annotations

from gateway.assembly.areas import areas
from gateway.assembly.decisions import decisions
from gateway.assembly.stages import stages
from tests.assembly.conftest import Made

ASKED = {"listen": "127.0.0.1:0", "url": "https://pdp.test", "callers": {"a": {"bearer": ["file:a.token"]}}}


def test_there_is_one_only_where_the_settings_have_it(made: Made) -> None:
    environment = made()
    parts = areas(environment)
    assert decisions(environment, parts, stages(environment, parts)) is None


def test_it_hears_of_sessions_that_end(made: Made) -> None:
    environment = made(authzen=ASKED)
    parts = areas(environment)
    live = parts.people.sessions.live
    assert decisions(environment, parts, stages(environment, parts)) is not None
    assert live in environment.events._listeners
