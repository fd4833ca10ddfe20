"""`gateway doctor` as a command."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from gateway.cli import application


def test_wrong_arguments(tmp_path: Path) -> None:
    result = CliRunner().invoke(application(["doctor"]), ["doctor", "--config", str(tmp_path / "no.yaml")])
    assert result.exit_code == 1
