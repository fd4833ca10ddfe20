"""The commands. Exit codes: 0 fine, 1 problems were found, 2 wrong arguments."""

from __future__ import annotations

import typer

from gateway import __version__
from gateway.cli.block import block_commands
from gateway.cli.config import config_commands
from gateway.cli.doctor import doctor
from gateway.cli.keys import keys_commands
from gateway.cli.policy import policy_commands
from gateway.cli.serve import serve
from gateway.cli.sessions import sessions_commands

app = typer.Typer(
    name="gateway",
    help="Toegangspoort: an authentication gateway in front of one register.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(doctor)
app.add_typer(config_commands, name="config")
app.add_typer(policy_commands, name="policy")
app.add_typer(keys_commands, name="keys")
app.add_typer(sessions_commands, name="sessions")
app.add_typer(block_commands, name="block")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line."""
    app()
