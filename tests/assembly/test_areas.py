"""The areas of an environment belong together, and nothing is opened by making them."""

from __future__ import annotations

from pathlib import Path

from gateway.assembly.areas import areas
from tests.assembly.conftest import Made


def test_they_know_of_one_another_and_nothing_is_opened(made: Made, tmp_path: Path) -> None:
    found = areas(made())
    assert found.operations.neighbours._store is found.people.sessions.store
    assert found.register.upstreams.open_connections == 0
    assert not (tmp_path / "var").exists()
