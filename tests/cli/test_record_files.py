"""Commands find the records of a configuration by themselves, also those that were rotated."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
import typer

from gateway.cli.record_files import record_files
from tests.files.closed import closed


def test_the_files_of_the_environment_oldest_first(config: Path) -> None:
    folder = config.parent / "var"
    folder.mkdir(exist_ok=True)
    live = folder / "ti.jsonl"
    for number, name in enumerate(("ti.jsonl.2.gz", "ti.jsonl.1", "ti.jsonl")):
        (folder / name).write_bytes(gzip.compress(b"") if name.endswith("gz") else b"")
        os.utime(folder / name, (number, number))
    (folder / "ti.jsonl.head").touch()
    (folder / "ti.jsonl.head.lock").touch()
    (folder / "ti.jsonl.rules").mkdir()
    found = record_files((), config, None)
    assert [Path(each).name for each in found.files] == ["ti.jsonl.2.gz", "ti.jsonl.1", "ti.jsonl"]
    assert found.heading == f"ti: {live}"
    named = record_files(("some", "-"), config, None)
    assert (named.files, named.environments, named.heading) == (("some", "-"), (), "2 file(s)")
    # Not the place of its own records, which are not what is read.
    assert record_files(("some",), config, "ti").heading == "ti: 1 file(s)"


def test_no_file_is_said_with_its_environment(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        record_files((), config, None)
    assert ended.value.exit_code == 2
    assert "there is no file of decision records of ti here" in capsys.readouterr().err


def test_a_folder_that_one_may_not_enter_is_not_called_empty(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    closed(monkeypatch, config.parent / "var")
    with pytest.raises(typer.Exit) as ended:
        record_files((), config, None)
    assert ended.value.exit_code == 2
    assert "Permission denied (as " in capsys.readouterr().err
