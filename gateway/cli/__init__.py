"""The commands. Their docstrings say what their exit codes mean; see `gateway.cli.command_help`.

Only the module of the requested command is imported, because most commands don't need the gateway that serves.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import Annotated, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

from gateway.cli.child_process import run_in_child
from gateway.cli.command_help import Command, Group
from gateway.cli.completion import asked_for
from gateway.cli.output import complete_output, use_sturdy_output

# By name: the module, the command or group of commands in it, and what it is for.
_COMMANDS: Final = {
    "init": ("gateway.cli.init", "init", "Write the first configuration of a deployment."),
    "serve": ("gateway.cli.serve", "serve", "Run the gateway."),
    "restart": ("gateway.cli.restart", "restart", "Replace a running gateway without losing a request."),
    "doctor": ("gateway.cli.doctor", "doctor", "Check from outside what logins and requests need."),
    "render": (
        "gateway.cli.render",
        "render",
        "Write the configuration of nginx, Envoy, Caddy, Traefik or HAProxy as a front.",
    ),
    "config": ("gateway.cli.config", "config_commands", "Check a configuration, and show what it says."),
    "policy": ("gateway.cli.policy", "policy_commands", "Explain, test and compare rules."),
    "keys": ("gateway.cli.keys", "keys_commands", "Create, list and change keys."),
    "status": ("gateway.cli.status", "status", "Show the gateways that run, and whether they are alike."),
    "sessions": ("gateway.cli.sessions", "sessions_commands", "List and end sessions."),
    "block": ("gateway.cli.block", "block_commands", "Block people or organisations at once."),
    "emergency": (
        "gateway.cli.emergency",
        "emergency_commands",
        "Open what is closed in quiet times, by two people.",
    ),
    "maintenance": (
        "gateway.cli.maintenance",
        "maintenance_commands",
        "Close the register for a while, with a page that says so.",
    ),
    "explain": (
        "gateway.cli.explain_record",
        "explain_record",
        "Why one request was answered as it was, by its reference.",
    ),
    "records": ("gateway.cli.records", "records_commands", "Verify and read decision records."),
    "completion": ("gateway.cli.completion", "completion", "Print what makes your shell complete commands."),
    "version": ("gateway.cli.version", "version", "Print the version."),
}
# These let policies decide, also those of operators' own.
_DECIDING: Final = ("config", "policy", "explain", "doctor")
_FAULT: Final = 70
_INTERRUPTED: Final = 130


def _group(
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version.")] = False,
) -> None:
    """Toegangspoort: an authentication gateway in front of one register.

    `gateway COMMAND -h` shows what a command does, with examples and exit codes.
    """
    if version:
        from gateway import __version__  # noqa: PLC0415 - read from the metadata of the package only here

        typer.echo(__version__)
        raise typer.Exit


def application(arguments: Sequence[str] | None = None) -> typer.Typer:
    """The application with the command that the arguments name; without arguments, with all commands.

    Where they name none, commands have only their names, for the help that lists them.
    """
    app = typer.Typer(
        name="gateway",
        cls=Group,
        no_args_is_help=True,
        invoke_without_command=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_group)
    named = arguments[0] if arguments else ""
    for name, (module, attribute, words) in _COMMANDS.items():
        if arguments is None or named == name:
            part = getattr(import_module(module), attribute)
        else:
            part = _not_asked_for
        if isinstance(part, typer.Typer):
            _use_command_help(part)
            app.add_typer(part, name=name, help=words)
        else:
            app.command(name, cls=Command, short_help=words)(part)
    return app


def _not_asked_for() -> None:
    """A command that is not imported."""


def _use_command_help(group: typer.Typer) -> None:
    group.info.cls = Group
    for each in group.registered_commands:
        each.cls = Command


def commands() -> Iterator[tuple[tuple[str, ...], Command]]:
    """Every command with the words that call it: ("gateway", "block", "add")."""

    def below(command: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Command]]:
        if isinstance(command, Command):
            yield path, command
        if isinstance(command, TyperGroup):
            for name, each in command.commands.items():
                yield from below(each, (*path, name))

    yield from below(get_command(application()), ("gateway",))


def main() -> None:
    """Run the command line."""
    use_sturdy_output()
    if sys.argv[1:2] == ["serve"]:
        # Until it can read its rules again, a SIGHUP waits: it would end the process.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    arguments = asked_for(os.environ) or sys.argv[1:]
    if arguments and arguments[0] in _DECIDING:
        run_in_child(partial(_run, arguments), otherwise=_FAULT)
    _run(arguments)


def _run(arguments: Sequence[str]) -> None:
    try:
        with complete_output():
            application(arguments)(prog_name="gateway")
    except (
        KeyboardInterrupt
    ):  # while modules were still imported; later typer ends the command in the same way
        sys.exit(_INTERRUPTED)
    except Exception:  # noqa: BLE001 - the last place that can say anything about it
        traceback.print_exc()
        typer.echo(
            "This is a fault of the gateway, not of what you typed: please report these lines.", err=True
        )
        sys.exit(_FAULT)
