"""The copy of shared orders on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.fleet.order_copy import OrderCopy
from gateway.session.board import LastingOrder


def test_what_is_kept_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "var/ti.shared.json"
    copy = OrderCopy(path)
    with capture_logs() as logs:
        assert copy.read() is None
    assert logs == []
    for revision in (3, 4):
        copy.keep(LastingOrder(revision, b'{"blocks": []}'))
        assert copy.read() == LastingOrder(revision, b'{"blocks": []}')
    assert path.stat().st_mode & 0o777 == 0o600
    assert {each.name for each in path.parent.iterdir()} == {path.name, f"{path.name}.lock"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"revision": "x", "order": 1}', "[" * 200_000])
def test_a_broken_copy_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "copy.json"
    path.write_text(content)
    with capture_logs() as logs:
        assert OrderCopy(path).read() is None
    assert [(each["log_level"], each["reason"]) for each in logs] == [("error", "it is damaged")]
    OrderCopy(path).keep(LastingOrder(1, b"{}"))
    assert OrderCopy(path).read() == LastingOrder(1, b"{}")


def test_a_place_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    OrderCopy(tmp_path / "file/copy.json").keep(LastingOrder(1, b"{}"))
