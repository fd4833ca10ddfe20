"""Options that many commands have, said in the same words everywhere."""

from __future__ import annotations

import typer

from gateway.cli.completion import environments

# Whoever may not read a file is told so where it is read, with the exit code of any other fault of it (`readable`).
CONFIG = typer.Option("--config", help="The configuration file.", readable=False)
FILE = typer.Argument(help="The configuration file.", readable=False)
PLUGINS_FILE = typer.Argument(help="The configuration file, which names the plugins.", readable=False)
ENV = typer.Option("--env", help="The environment: ti or prd.", autocompletion=environments)
ENV_OR_TI = typer.Option(
    "--env", help="The environment: ti or prd. Default: ti.", autocompletion=environments
)
KEY = typer.Argument(
    help="The key, as `gateway keys list` names it; one that begins with a dash behind `--`."
)
JSON = typer.Option("--json", help="Print JSON.")
HERE = typer.Option(
    "--only-here",
    help="Use the file of this machine, not the session store: for when the store cannot be reached.",
)
