"""Files that are replaced as a whole keep who may read them."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
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


def test_what_root_makes_is_of_the_owner_of_the_file_or_else_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[str, int, int]] = []

    def give(descriptor: int, owner: int, group: int) -> None:
        given.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, owner, group))

    monkeypatch.setattr(os, "fchown", give)
    # By its name it could have become another file: of whom, the account that owns the folder decides.
    monkeypatch.delattr(os, "chown")
    about = tmp_path.stat()
    for _ in range(2):
        with locked(tmp_path / "a"):
            replace(tmp_path / "a", b"x")
    owner = (about.st_uid, about.st_gid)
    # A lock that is there stays as it is.
    assert given == [("a.lock", *owner), ("a.new", *owner), ("a.new", *owner)]


def test_a_lock_that_leads_elsewhere_is_given_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fchown", lambda *_: pytest.fail("it was given away"))
    (tmp_path / "a.lock").symlink_to(tmp_path / "elsewhere")
    with locked(tmp_path / "a"):
        pass


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


def test_several_replace_one_file_at_the_same_moment(tmp_path: Path) -> None:
    """As workers do that start together: none takes away what another one is writing."""
    path = tmp_path / "a"
    contents = [b"%d" % number * 10_000 for number in range(8)]
    with ThreadPoolExecutor(len(contents)) as pool:
        for _ in range(10):
            list(pool.map(lambda content: replace(path, content), contents))
            assert path.read_bytes() in contents
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
