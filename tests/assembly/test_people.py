"""Who asks."""

from __future__ import annotations

from pathlib import Path

from gateway.assembly.people import people
from tests.assembly.conftest import MACHINES, SIGNALS, Made


def test_cookies_and_keys_are_those_of_the_environment_and_nothing_is_opened(
    made: Made, tmp_path: Path
) -> None:
    found = people(made())
    assert found.sessions.cookie_name == "__Host-tgp-ti-session"
    assert found.machines is None
    assert found.transmitters is None
    assert not (tmp_path / "var").exists()


def test_programs_and_transmitters_are_let_in_where_the_settings_say_so(made: Made) -> None:
    found = people(made(machines=MACHINES, signals=SIGNALS))
    assert found.machines is not None
    assert found.transmitters is not None


def test_sessions_can_be_found_by_name_only_for_a_decision_point(made: Made) -> None:
    assert people(made()).sessions.live is None
    asked = {
        "listen": "127.0.0.1:0",
        "url": "https://pdp.test",
        "callers": {"a": {"bearer": ["file:a.token"]}},
    }
    assert people(made(authzen=asked)).sessions.live is not None
