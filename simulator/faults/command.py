"""`python -m simulator fault ...`: switches faults in a simulation that runs, over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

import httpx2
import typer

from simulator.serve import PORTS

app = typer.Typer(help="Faults on purpose, in a simulation that runs.", no_args_is_help=True)

_Env = Annotated[str, typer.Option(help="ti or prd.")]
_Url = Annotated[str | None, typer.Option(help="Where ACM is, instead of the usual port of --env.")]


@app.command("list")
def list_faults(env: _Env = "ti", acm_url: _Url = None) -> None:
    """All faults, and which are on."""
    for fault in _ask("GET", "/faults.json", env, acm_url):
        state = f"on {fault['value'] or ''}".strip() if fault["on"] else "-"
        typer.echo(f"{fault['name']:24} {state:16} {fault['system']}: {fault['title']}")


@app.command()
def on(
    name: Annotated[str, typer.Argument(help="A name from `fault list`.")],
    value: Annotated[
        str | None, typer.Argument(help="Seconds, or a persona, where there is a choice.")
    ] = None,
    env: _Env = "ti",
    acm_url: _Url = None,
) -> None:
    """Switch a fault on."""
    _ask("PUT", f"/faults/{name}", env, acm_url, {"on": True, "value": value})
    typer.echo(f"{name} is on")


@app.command()
def off(
    name: Annotated[str, typer.Argument(help="A name from `fault list`, or `all`.")],
    env: _Env = "ti",
    acm_url: _Url = None,
) -> None:
    """Switch a fault off, or all."""
    names = [name]
    if name == "all":
        names = [fault["name"] for fault in _ask("GET", "/faults.json", env, acm_url) if fault["on"]]
    for each in names:
        _ask("PUT", f"/faults/{each}", env, acm_url, {"on": False})
        typer.echo(f"{each} is off")


@app.command("rotate-keys")
def rotate_keys(env: _Env = "ti", acm_url: _Url = None) -> None:
    """No fault: ACM signs with a new key, and publishes the one before it for another hour."""
    typer.echo(f"ACM signs with key {_ask('POST', '/keys/rotate', env, acm_url, {})['kid']}")


def _ask(method: str, path: str, env: str, acm_url: str | None, content: Any = None) -> Any:
    if env not in PORTS:
        typer.echo(f"unknown environment {env!r}: write ti or prd", err=True)
        raise typer.Exit(2)
    url = (acm_url or f"http://localhost:{PORTS[env].acm}").rstrip("/")
    options = {} if content is None else {"json": content}
    try:
        with httpx2.Client(trust_env=False, timeout=10) as client:
            answer = client.request(method, f"{url}{path}", **options)
        found = answer.json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as problem:
        typer.echo(
            f"no simulation answers at {url}: start it with `make demo` ({type(problem).__name__})", err=True
        )
        raise typer.Exit(1) from problem
    if answer.status_code != 200:
        typer.echo(f"{path}: {found.get('error', answer.status_code)}", err=True)
        raise typer.Exit(2)
    return found
