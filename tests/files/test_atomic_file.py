"""Files that are replaced as a whole keep who may read them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from gateway.files.atomic_file import locked, replace


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    replace(tmp_path / "a", b"content")
    assert ((tmp_path / "a").read_bytes(), mode(tmp_path / "a")) == (b"content", 0o600)
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("before", "after"), [(0o600, 0o600), (0o640, 0o640), (0o664, 0o640), (0o400, 0o600)]
)
def test_another_one_stays_open_to_its_group_at_most(tmp_path: Path, before: int, after: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"before")
    path.chmod(before)
    replace(path, b"after")
    assert (path.read_bytes(), mode(path)) == (b"after", after)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"before")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    replace(tmp_path / "link", b"after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"after"


def test_a_lock_is_free_again_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="failed"), locked(tmp_path / "a"):
        raise ValueError("failed")
    with locked(tmp_path / "a"):
        replace(tmp_path / "a", b"x")
    assert mode(tmp_path / "a.lock") == 0o600


def test_only_files_are_replaced_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("link")
    for name in ("pipe", "folder", "link"):
        with pytest.raises(OSError, match=r"not a file|symbolic links"):
            replace(tmp_path / name, b"content")
    (tmp_path / "a").write_bytes(b"before")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace(tmp_path / "a", b"after")
    assert (tmp_path / "a").read_bytes() == b"before"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "folder", "link", "pipe"]
