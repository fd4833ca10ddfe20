"""What differs between two looks, though size and time are the same."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.files.looks import looks


def test_content_of_the_same_size_and_time_and_permissions_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("one")
    about, seen = file.stat(), looks([file])
    assert looks([file]) == seen
    file.write_text("two")
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert (file.stat().st_mtime_ns, file.stat().st_size) == (about.st_mtime_ns, about.st_size)
    second = looks([file])
    assert second != seen
    file.chmod(0o600)
    assert looks([file]) != second


def test_of_a_folder_the_files_with_a_suffix_count(tmp_path: Path) -> None:
    seen = looks([tmp_path], {".yaml"})
    (tmp_path / "notes.txt").touch()
    assert looks([tmp_path], {".yaml"}) == seen
    (tmp_path / "rules.yaml").touch()
    assert looks([tmp_path], {".yaml"}) != seen
    assert looks([tmp_path / "none"]) == {tmp_path / "none": None}
