"""`gateway version`: which gateway this is."""

from __future__ import annotations

import json
import platform
from typing import Annotated

import typer

from gateway import __version__
from gateway.cli.options import JSON


def version(as_json: Annotated[bool, JSON] = False) -> None:
    """Print the version; `gateway --version` is the same.

    Examples:
        gateway version
        gateway version --json

    Exit codes:
        0: printed

    JSON:
        An object: `version`, `python`, `platform`.
    """
    if not as_json:
        typer.echo(__version__)
        return
    data = {"version": __version__, "python": platform.python_version(), "platform": platform.platform()}
    typer.echo(json.dumps(data, indent=2))
