"""Why a file could not be used."""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path

import pytest

from gateway.files.reason import may_be_there, reason
from tests.files.closed import closed


def test_who_may_not_is_named() -> None:
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert reason(PermissionError(errno.EACCES, "Permission denied", "x")) == f"Permission denied (as {me})"
    assert reason(FileNotFoundError(errno.ENOENT, "No such file", "x")) == "No such file"
    assert reason(OSError("words of a library")) == "words of a library"


def test_who_has_no_name_is_named_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 3_999_999)
    assert reason(PermissionError(errno.EPERM, "no")) == "no (as uid 3999999)"


def test_what_may_not_be_looked_at_is_not_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not may_be_there(tmp_path / "var/file")
    (tmp_path / "var").mkdir()
    assert not may_be_there(tmp_path / "var/file")
    closed(monkeypatch, tmp_path / "var")
    assert may_be_there(tmp_path / "var/file")
