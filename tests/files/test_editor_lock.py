"""What an editor leaves is no file, and a file is none of that."""

from __future__ import annotations

from pathlib import Path

from gateway.files.editor_lock import is_editor_lock
from gateway.files.pattern import Pattern
from gateway.plugin.discovery import load_policies
from tests.plugin.test_discovery import GOOD


def test_a_file_that_is_being_edited_is_read_as_it_was_saved(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/yes.py").write_text(GOOD.format(cls="Yes", name="yes"))
    (tmp_path / "mine/rules.yaml").touch()
    for name in ("yes.py", "rules.yaml"):
        (tmp_path / f"mine/.#{name}").symlink_to("an@desk.4711:1780000000")
    assert "yes" in load_policies(["./mine"], tmp_path)
    assert Pattern(tmp_path, "mine/*.yaml").files() == [tmp_path / "mine/rules.yaml"]


def test_what_is_there_or_has_another_name_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / ".#file.yaml").touch()
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    (tmp_path / ".#link.yaml").symlink_to(".#file.yaml")
    assert not any(is_editor_lock(each) for each in tmp_path.iterdir())
