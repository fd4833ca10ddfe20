"""`gateway config` and `gateway version`, run as an operator runs them."""

from __future__ import annotations

from pathlib import Path

from gateway import __version__
from tests.processes import command


def test_version() -> None:
    assert command("version").stdout.strip() == __version__


def test_the_shipped_configuration_is_fine() -> None:
    done = command("config", "validate", "config.yaml")
    assert done.returncode == 0, done.stderr
    assert "is fine" in done.stdout


def test_validate_tells_every_problem(config: Path) -> None:
    config.write_text(
        config.read_text().replace("authenticated", "autenticated").replace("upstream:", "upstrem:")
    )
    done = command("config", "validate", str(config))
    assert done.returncode == 1
    assert len([line for line in done.stderr.splitlines() if line.startswith(str(config))]) == 3
    assert command("config", "validate", str(config.parent / "nothing.yaml")).returncode == 1
    assert command("config", "validate", "--nothing").returncode == 2
