"""Links are followed, and those in a circle are no fault of the gateway."""

from __future__ import annotations

from pathlib import Path

from gateway.files.real_path import real_path


def test_links_are_followed_and_a_circle_stays(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(".")
    (tmp_path / "circle").symlink_to("circle")
    assert real_path(tmp_path / "link" / ".." / tmp_path.name / "x") == tmp_path.resolve() / "x"
    assert real_path(tmp_path / "circle") == tmp_path.resolve() / "circle"
