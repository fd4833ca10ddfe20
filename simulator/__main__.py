"""`python -m simulator`: the simulated systems and the demonstration."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Annotated

import typer

from simulator.data.directory import UnusableFile
from simulator.data.lock import LOCK, InUse, alone
from simulator.demo import Demo, DemoStopped
from simulator.faults.command import app as fault_commands
from simulator.login import LoginEnded
from simulator.login import login as log_in
from simulator.serve import PORTS
from simulator.serve import serve as run_systems

app = typer.Typer(
    help="A simulated ACM and register.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(fault_commands, name="fault")


@app.command()
def demo(
    config: Annotated[Path, typer.Option(help="The gateway's configuration.")] = Path("config.yaml"),
) -> None:
    """Run both environments, each with gateway, ACM and register, until Ctrl-C."""
    try:
        Demo(config).run()
    except DemoStopped as words:
        typer.echo(f"The demonstration stopped: {words}", err=True)
        raise typer.Exit(1) from words


@app.command()
def serve(
    env: Annotated[str, typer.Option(help="ti or prd.")] = "ti",
    acm_port: Annotated[int | None, typer.Option(help="Port of ACM.")] = None,
    register_port: Annotated[int | None, typer.Option(help="Port of the register.")] = None,
    data: Annotated[Path, typer.Option(help="Folder for the databases.")] = Path("var"),
) -> None:
    """Run the ACM and the register of one environment."""
    ports = PORTS.get(env)
    if ports is None:
        typer.echo(f"unknown environment {env!r}: write ti or prd", err=True)
        raise typer.Exit(2)
    systems = run_systems(
        env,
        folder=Path(),
        data=data,
        acm_port=ports.acm if acm_port is None else acm_port,
        register_port=ports.register if register_port is None else register_port,
    )
    try:
        asyncio.run(systems)
    except (OSError, InUse, UnusableFile) as problem:
        typer.echo(f"cannot start: {problem}", err=True)
        raise typer.Exit(1) from problem


@app.command()
def login(
    gateway_url: Annotated[str, typer.Argument(help="http://localhost:8000")],
    persona: Annotated[str, typer.Option("--as", help="The persona.")] = "indiener",
    org: Annotated[
        str | None, typer.Option(help="The organisation, where the person works for several.")
    ] = None,
) -> None:
    """Log in as a browser would and print the value of a Cookie header."""
    try:
        typer.echo(log_in(gateway_url, persona, org))
    except LoginEnded as reason:
        typer.echo(f"not logged in: {reason}", err=True)
        raise typer.Exit(1) from reason


@app.command()
def reset(data: Annotated[Path, typer.Option(help="Folder of the databases.")] = Path("var")) -> None:
    """Forget everything that was done in the simulation; it begins anew from the seed. Not while it runs."""
    if not data.is_dir():
        typer.echo(f"{data} is not there: nothing to forget")
        return
    try:
        with alone(data):
            gone = sorted(str(path.relative_to(data)) for path in data.rglob("*") if path.is_file())
            shutil.rmtree(data)
    except InUse as problem:
        typer.echo(f"nothing removed: {problem}; stop the demonstration first", err=True)
        raise typer.Exit(1) from problem
    gone = [name for name in gone if name != LOCK]
    typer.echo(f"{len(gone)} files removed from {data}: {', '.join(gone) or 'it was empty'}")
    typer.echo("the next start fills the databases from simulator/seed")


if __name__ == "__main__":
    app()
