"""Files that are read whole: no pipe is waited for, and nothing endless is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.files.plain_file import read_plain
from gateway.settings import Secret


def test_a_file_is_read_whole_also_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert read_plain(tmp_path / "b") == b"x" * 100_000
    assert read_plain(tmp_path / "a", 100_000) == b"x" * 100_000


def test_what_is_no_file_or_too_large_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(1 << 40)
    for name, words in {
        "pipe": "it is not a file", "/dev/zero": "it is not a file", ".": "it is not a file", "none": "No such file",
        "loop": "Too many levels", "huge": "it is larger than 16777216 bytes",
    }.items():  # fmt: skip
        with pytest.raises(OSError, match=words):
            read_plain(tmp_path / name)


@pytest.mark.parametrize("place", ["pipe", "/dev/zero"])
def test_a_secret_that_is_no_file_stops_nothing(tmp_path: Path, place: str) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ValueError, match=r"it is not a file|can be read by every user"):
        Secret(f"file:{place}", tmp_path).read()
