"""Which gateway this is."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from gateway import __version__
from gateway.cli import application
from tests.processes import command


def test_the_version_is_said_in_every_usual_way() -> None:
    for arguments in (["version"], ["--version"], ["-V"]):
        done = CliRunner().invoke(application(arguments), arguments)
        assert (done.stdout, done.exit_code) == (f"{__version__}\n", 0)
    data = json.loads(CliRunner().invoke(application(["version"]), ["version", "--json"]).stdout)
    assert data["version"] == __version__
    assert command("--version").stdout == f"{__version__}\n"
