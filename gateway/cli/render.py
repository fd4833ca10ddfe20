"""`gateway render`: the configuration of a server that carries the requests and asks the gateway about each."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gateway.cli.loading import load_or_exit
from gateway.cli.options import CONFIG, ENV
from gateway.config import Config
from gateway.files import atomic_file
from gateway.files.plain_file import read_plain
from gateway.files.reason import reason
from gateway.render.compare import config_differences
from gateway.render.errors import NotRendered
from gateway.render.files import Engine, Part
from gateway.render.notes import front_notes
from gateway.render.site import Options, front_site
from gateway.render.text import is_unedited, rendered_config

_PROBLEM = 1
_WRONG = 2
# Nobody writes a longer configuration.
_MOST = 1 << 20
_READABLE = 0o644
_LONGEST = 1_000

_OUTPUT = typer.Option("--output", "-o", help="Write to this file.", readable=False)
_CHECK = typer.Option(help="Compare this file with what would be written.", readable=False)


def render(
    engine: Annotated[Engine, typer.Argument(help="nginx, envoy, caddy, traefik or haproxy.")],
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    front: Annotated[
        str, typer.Option(help="Its name under `fronts:`, where several have this dialect.")
    ] = "",
    part: Annotated[
        Part, typer.Option(help="Which file: Traefik also has `static`, HAProxy also `lua`.")
    ] = "main",
    output: Annotated[Path | None, _OUTPUT] = None,
    check: Annotated[Path | None, _CHECK] = None,
    force: Annotated[
        bool, typer.Option("--force", help="With --output: also replace a file that somebody edited.")
    ] = False,
    gateway: Annotated[
        list[str] | None,
        typer.Option(
            help="A gateway that the front reaches: HOST with the ports of config.yaml, or PUBLIC,VERDICTS with the addresses"
            " of both listeners. May be repeated. Default: the one that config.yaml says."
        ),
    ] = None,
    listen: Annotated[
        str,
        typer.Option(
            help="HOST:PORT where the front listens. Default: all addresses, at the port of `public_url`."
        ),
    ] = "",
    certificate: Annotated[
        str, typer.Option(help="The certificate for https, by its path on the machine of the front.")
    ] = "",
    key: Annotated[str, typer.Option(help="The key of that certificate.")] = "",
    inner: Annotated[
        str, typer.Option(help="HOST:PORT where Traefik hears itself, with several upstreams or gateways.")
    ] = "127.0.0.1:8009",
) -> None:
    """Write the whole configuration of nginx, Envoy, Caddy, Traefik or HAProxy as a front: it carries the requests of an
    environment to the register, and asks the gateway about each.

    Everything comes from config.yaml: identity headers, upstreams, limits and times. Render again after changing those, and
    after changing `request_headers`, `response_headers`, `cors` or `websocket` of a rule; `--check` says whether it is needed.

    Examples:
        gateway render nginx --env ti
        gateway render nginx --env prd --output /etc/nginx/conf.d/toegangspoort-prd.conf
        gateway render nginx --env prd --check /etc/nginx/conf.d/toegangspoort-prd.conf
        gateway render envoy --env ti --gateway 10.0.0.11 --gateway 10.0.0.12
        gateway render haproxy --env ti --part lua --output /etc/haproxy/toegangspoort-ti.lua

    Exit codes:
        0: written, or the file says the same
        1: the file differs or can't be read, was edited by somebody, or the environment can't be written for this engine
        2: wrong arguments
    """
    if output is not None and check is not None:
        _stop("give either --output or --check", _WRONG)
    if force and output is None:
        _stop("--force is about --output, which is missing", _WRONG)
    options = Options(front, tuple(gateway or ()), listen, certificate, key, inner)
    text = _text(load_or_exit(config, env), env, engine, part, options)
    if check is not None:
        _check(text, check, engine, part)
    elif output is not None:
        _write(text, output, force=force)
    else:
        typer.echo(text, nl=False)


def _text(config: Config, env: str, engine: Engine, part: Part, options: Options) -> str:
    try:
        found = front_site(config, env, engine, options)
        text = rendered_config(found, engine, part)
    except NotRendered as problem:
        _stop(f"{problem}. Nothing was written.", _PROBLEM)
    for note in front_notes(found, engine):
        typer.echo(f"note: {note}", err=True)
    return text


def _check(text: str, path: Path, engine: Engine, part: Part) -> None:
    found = config_differences(text, _read(path), engine, part, str(path))
    if found:
        typer.echo("\n".join(map(_shown, found)))
        typer.echo(f"{path} is not what `gateway render {engine}` would write.", err=True)
        raise typer.Exit(_PROBLEM)
    typer.echo(f"{path} says what `gateway render {engine}` would write.")


def _shown(line: str) -> str:
    """What a deployed file says must not steer the terminal."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line[:_LONGEST])


def _write(text: str, path: Path, *, force: bool) -> None:
    try:
        there = path.exists()
    except OSError as problem:
        _stop(f"{path} can't be written: {reason(problem)}", _PROBLEM)
    if there and not force:
        before = _read(path)
        if before == text:
            typer.echo(f"{path} is up to date.")
            return
        if not is_unedited(before, text):
            _stop(
                f"{path} was edited, or is not from this command. See what would go with --check; replace it with --force."
                " Nothing was written.",
                _PROBLEM,
            )
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if there else _READABLE
        atomic_file.replace(path, text.encode("utf-8", "surrogateescape"))
        # It holds no secret, and fronts read it as a user of their own.
        path.chmod(mode)
    except OSError as problem:
        _stop(f"{path} can't be written: {reason(problem)}", _PROBLEM)
    typer.echo(f"{path} was {'replaced' if there else 'written'}. Let the front read it again.")


def _read(path: Path) -> str:
    try:
        return read_plain(path, _MOST).decode("utf-8")
    except OSError as problem:
        _stop(f"{path} can't be read: {reason(problem)}", _PROBLEM)
    except UnicodeDecodeError:
        _stop(f"{path} can't be read: it is no text in UTF-8", _PROBLEM)


def _stop(words: str, code: int) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(code)
