"""One end of a promotion, as it is written."""

from __future__ import annotations

from pathlib import Path

from gateway.promotion.side import Written
from tests.promotion.places import edit, sides, write_two


def test_a_side_knows_what_is_written(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(ti, ("    assertion:", "    not_promoted: [session.idle_timeout, rules.x]\n    assertion:"))
    side, _ = sides(ti, prd)
    assert side.environment["session"]["idle_timeout"] == "30m"
    assert [rule["id"] for rule in side.rules] == ["public", "rest"]
    assert side.folder == tmp_path
    assert side.included == {}
    assert side.kept("rules.x.match")
    assert not side.kept("rules.xy")
    assert not side.kept("session")


def test_newlines_and_marks_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    written = Written.read(path)
    assert written.text.text == "a: 1\nb: 2\n"
    assert written.data == {"a": 1, "b": 2}
    assert written.with_text("a: 2\nb: 2\n") == b"\xef\xbb\xbfa: 2\r\nb: 2\r\n"
