"""What a command that needs a configuration makes of one that can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from gateway.cli.loading import loaded
from gateway.config import ConfigError


def test_every_problem_ends_the_command_with_its_code(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(loaded(config, "ti").rules) == {"ti"}
    config.write_text(
        config.read_text().replace("authenticated", "autenticated").replace("listen", "lisen", 1)
    )
    for code in (1, 2):
        with pytest.raises(typer.Exit) as ended:
            loaded(config, code=code)
        assert ended.value.exit_code == code
        said = capsys.readouterr().err
        assert "did you mean 'authenticated'" in said
        assert said.rstrip().endswith("problems. Nothing was started or changed.")


def test_an_environment_that_is_not_there(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        loaded(config, "prd")
    assert "prd" in capsys.readouterr().err


def test_rules_that_fail_their_tests_are_only_refused_where_asked(config: Path) -> None:
    config.write_text(config.read_text() + "tests:\n  - {request: GET /public/x, expect: deny}\n")
    loaded(config, "ti")
    with pytest.raises(typer.Exit):
        loaded(config, "ti", tested=True)
    assert issubclass(ConfigError, Exception)
