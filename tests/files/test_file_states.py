"""What differs between two states of a file, though size and time are the same."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.files.file_states import file_states
from gateway.files.pattern import Pattern


def test_content_of_the_same_size_and_time_and_permissions_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("one")
    about, seen = file.stat(), file_states([file])
    assert file_states([file]) == seen
    file.write_text("two")
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert (file.stat().st_mtime_ns, file.stat().st_size) == (about.st_mtime_ns, about.st_size)
    second = file_states([file])
    assert second != seen
    file.chmod(0o600)
    assert file_states([file]) != second


def test_of_a_folder_the_files_with_a_suffix_count(tmp_path: Path) -> None:
    seen = file_states([tmp_path], {".yaml"})
    (tmp_path / "notes.txt").touch()
    assert file_states([tmp_path], {".yaml"}) == seen
    (tmp_path / "rules.yaml").touch()
    assert file_states([tmp_path], {".yaml"}) != seen
    assert file_states([tmp_path / "none"]) == {tmp_path / "none": None}


def test_of_a_pattern_the_files_that_fit_it_count(tmp_path: Path) -> None:
    pattern = Pattern(tmp_path, "*/*.yaml")
    seen = [file_states([pattern])]
    (tmp_path / "rules").mkdir()
    assert file_states([pattern]) == seen[0]
    for content in ("", "a", None):
        file = tmp_path / "rules/a.yaml"
        file.write_text(content) if content is not None else file.unlink()
        seen.append(file_states([pattern]))
    assert seen[0] == seen[3]
    assert seen[0] != seen[1] != seen[2] != seen[3]
