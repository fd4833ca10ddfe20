"""`python -m simulator reset`: forgets everything, and nothing while a simulation runs on the folder."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from simulator.__main__ import app
from simulator.data.directory import Directory, file_of
from simulator.data.lock import using


def reset(folder: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["reset", "--data", str(folder)])
    return done.exit_code, done.output


def test_it_forgets_and_says_what(tmp_path: Path) -> None:
    data = tmp_path / "var"
    Directory(file_of(data, "ti"), "ti").open()
    (data / "records").mkdir()
    (data / "records" / "one.jsonl").write_bytes(b"x")
    code, said = reset(data)
    assert code == 0
    assert "2 files removed" in said
    assert "gebruikersbeheer-ti.db" in said
    assert not data.exists()


def test_it_refuses_while_a_simulation_runs(tmp_path: Path) -> None:
    Directory(file_of(tmp_path, "ti"), "ti").open()
    with using(tmp_path), using(tmp_path):
        code, said = reset(tmp_path)
    assert code == 1
    assert "nothing removed" in said
    assert "stop the demonstration first" in said
    assert file_of(tmp_path, "ti").exists()
    assert reset(tmp_path)[0] == 0


def test_nothing_to_forget(tmp_path: Path) -> None:
    assert reset(tmp_path / "var") == (0, f"{tmp_path / 'var'} is not there: nothing to forget\n")
    assert not (tmp_path / "var").exists()
    (tmp_path / "var").mkdir()
    assert "0 files removed" in reset(tmp_path / "var")[1]
