"""Which files fit a pattern is asked for anew each time."""

from __future__ import annotations

from pathlib import Path

from gateway.files.pattern import Pattern


def test_files_may_come_to_fit_and_have_an_order(tmp_path: Path) -> None:
    pattern = Pattern(tmp_path, "rules/*/*.yaml")
    assert pattern.files() == []
    for name in ("b/z.yaml", "b/a.yaml", "a/m.yaml", "a/notes.txt"):
        (tmp_path / "rules" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "rules" / name).touch()
    assert pattern.files() == [tmp_path / "rules" / each for each in ("a/m.yaml", "b/a.yaml", "b/z.yaml")]
    assert pattern == Pattern(tmp_path, "rules/*/*.yaml")
