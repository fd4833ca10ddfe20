"""All files of a promotion are written, or none; owners and modes stay."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from gateway.promotion.write import unified_diff, write_files, write_obstacles
from tests.session.test_sqlite import full_disk


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_replaced_made_and_removed(tmp_path: Path) -> None:
    main, gone, fresh = (
        tmp_path / "prd.yaml",
        tmp_path / "rules" / "old.yaml",
        tmp_path / "rules" / "new.yaml",
    )
    gone.parent.mkdir()
    main.write_bytes(b"before")
    gone.write_bytes(b"old")
    main.chmod(0o644)
    gone.chmod(0o660)
    write_files(
        {main: b"after", gone: None, fresh: b"new"},
        {main: b"before", gone: b"old"},
        tmp_path / "j.jsonl",
        {"by": "é"},
    )
    assert (main.read_bytes(), fresh.read_bytes(), gone.exists()) == (b"after", b"new", False)
    assert mode(main) == 0o644
    assert mode(fresh) == 0o660
    assert json.loads((tmp_path / "j.jsonl").read_bytes()) == {"by": "é"}
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["j.jsonl", "new.yaml", "prd.yaml", "rules"]


def test_an_owner_is_given_to_the_file_that_was_made_and_not_to_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[str, int]] = []

    def give(descriptor: int, owner: int, _: int) -> None:
        given.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, owner))

    monkeypatch.setattr(os, "fchown", give)
    monkeypatch.delattr(os, "chown")
    main = tmp_path / "main.yaml"
    main.write_text("a: 1\n")
    write_files({main: b"a: 2\n"}, {main: b"a: 1\n"}, tmp_path / "promotions.jsonl", {})
    assert given == [(".main.yaml.promoted", main.stat().st_uid)]


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path, included = tmp_path / "prd.yaml", tmp_path / "rules.yaml"
    path.write_bytes(b"somebody else's")
    with pytest.raises(ValueError, match="changed meanwhile"):
        write_files({path: b"after"}, {path: b"before"}, tmp_path / "j.jsonl", {})
    path.write_bytes(b"before")
    included.write_bytes(b"changed")
    with pytest.raises(ValueError, match="changed meanwhile"):
        write_files({path: b"after"}, {path: b"before", included: b"as read"}, tmp_path / "j.jsonl", {})
    with pytest.raises(ValueError, match="changed meanwhile"):
        write_files({included: b"after"}, {}, tmp_path / "j.jsonl", {})
    assert path.read_bytes() == b"before"
    assert not (tmp_path / "j.jsonl").exists()


def test_all_is_as_it_was_when_one_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    for path in (first, second):
        path.write_bytes(b"before")
    (tmp_path / "j.jsonl").write_bytes(b"earlier\n")
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if target == second and self.read_bytes() == b"after":
            raise OSError(28, "No space left on device", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ValueError, match="No space left"):
        write_files(
            {first: b"after", second: b"after"},
            dict.fromkeys((first, second), b"before"),
            tmp_path / "j.jsonl",
            {},
        )
    assert first.read_bytes() == second.read_bytes() == b"before"
    assert (tmp_path / "j.jsonl").read_bytes() == b"earlier\n"
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("size", [100, 2_000])
def test_all_is_as_it_was_where_the_disk_is_full(tmp_path: Path, size: int) -> None:
    rules, more, journal = tmp_path / "rules.yaml", tmp_path / "a.yaml", tmp_path / "promotions.jsonl"
    rules.write_bytes(b"earlier")
    journal.write_bytes(b"{}\n")
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    files = {more: b"new", rules: b"later" * (size // 5)}
    with full_disk(), pytest.raises(ValueError, match="File too large"):
        write_files(files, {rules: b"earlier"}, journal, {"why": "x" * 1_000})
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before
    journal.unlink()
    with full_disk(), pytest.raises(ValueError, match="File too large"):
        write_files(files, {rules: b"earlier"}, journal, {"why": "x" * 1_000})
    assert [each.name for each in tmp_path.iterdir()] == ["rules.yaml"]


def test_symbolic_links_are_refused_with_advice(tmp_path: Path) -> None:
    data = tmp_path / "..2026_11_26"
    data.mkdir()
    (data / "config.yaml").write_bytes(b"x")
    (tmp_path / "..data").symlink_to(data.name)
    (tmp_path / "config.yaml").symlink_to("..data/config.yaml")
    (problem,) = write_obstacles({tmp_path / "config.yaml": b"y"}, tmp_path)
    assert "ConfigMap" in problem
    assert "--dry-run" in problem
    (tmp_path / "rules").symlink_to(data)
    (problem,) = write_obstacles({tmp_path / "rules" / "config.yaml": b"y"}, tmp_path)
    assert str(tmp_path / "rules") in problem
    assert list(write_obstacles({tmp_path / "new" / "x.yaml": b"y"}, tmp_path)) == []


def test_the_change_as_a_diff(tmp_path: Path) -> None:
    path, fresh = tmp_path / "prd.yaml", tmp_path / "new.yaml"
    path.write_bytes(b"a\nb\n")
    shown = unified_diff({path: b"a\nc", fresh: b"n\n"})
    assert f"--- {path}\n+++ {path}\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n" in shown
    assert f"--- /dev/null\n+++ {fresh}\n" in shown
    assert "+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n" in unified_diff({path: None})
