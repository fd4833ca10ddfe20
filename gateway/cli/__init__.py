"""The commands. Exit codes: 0 success, 1 problems were found, 2 wrong arguments, 3 done but not confirmed.

Only the module of the requested command is imported, because most commands don't need the gateway that serves.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from gateway import __version__

# By name: the module, and the command or group of commands in it.
_COMMANDS = {
    "serve": ("gateway.cli.serve", "serve"),
    "doctor": ("gateway.cli.doctor", "doctor"),
    "config": ("gateway.cli.config", "config_commands"),
    "policy": ("gateway.cli.policy", "policy_commands"),
    "keys": ("gateway.cli.keys", "keys_commands"),
    "sessions": ("gateway.cli.sessions", "sessions_commands"),
    "block": ("gateway.cli.block", "block_commands"),
    "emergency": ("gateway.cli.emergency", "emergency_commands"),
    "maintenance": ("gateway.cli.maintenance", "maintenance_commands"),
    "records": ("gateway.cli.records", "records_commands"),
    "explain": ("gateway.cli.explain_record", "explain_record"),
}


def _group() -> None:
    """Toegangspoort: an authentication gateway in front of one register."""


def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def application(arguments: Sequence[str] = ()) -> typer.Typer:
    """The application with the command that the arguments name, or with all commands."""
    app = typer.Typer(
        name="gateway",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_group)
    app.command()(version)
    named = arguments[0] if arguments else ""
    for name, (module, attribute) in _COMMANDS.items():
        if named != name and (named in _COMMANDS or named == "version"):
            continue
        part = getattr(import_module(module), attribute)
        if isinstance(part, typer.Typer):
            app.add_typer(part, name=name)
        else:
            app.command(name)(part)
    return app


def main() -> None:
    """Run the command line."""
    application(sys.argv[1:])()
