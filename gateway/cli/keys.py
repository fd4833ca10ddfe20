"""`gateway keys ...`: creates the keys that an environment needs, adds new ones beside them, and lists them."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from gateway.auth.settings import PrivateKeyJwt
from gateway.blocks.block_list import BLOCKS, Block
from gateway.cli.belgian_time import belgian_time
from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.client_keys import (
    client_auth,
    client_steps,
    drop_client_key,
    needed_auth,
    use,
    write_client_jwks,
)
from gateway.cli.key_rows import KeyRow, members_of, rows
from gateway.cli.loading import load_settings_or_exit
from gateway.cli.options import CONFIG, ENV, JSON, KEY
from gateway.cli.ordered import shared_orders
from gateway.config import EnvironmentSettings
from gateway.config.key_files import (
    drop_assertion,
    drop_key,
    new_assertion_key,
    new_key,
    new_pem_key,
    rotate_assertion,
    rotate_client,
    rotate_key,
)
from gateway.errors import StoreUnavailable
from gateway.files.reason import may_be_there, reason
from gateway.key_files.keyring import PURPOSES, SHOWN, Purpose, write_key_file
from gateway.session.board import SealedElsewhere

keys_commands = typer.Typer(help="Create, list and change keys.", no_args_is_help=True)
_RSA_BITS = 3072
_Wanted = Purpose | Literal["assertion", "client"]
_PURPOSES: tuple[_Wanted, ...] = (*PURPOSES, "assertion", "client")
_FAILED = 1
_WRONG = 2


@keys_commands.callback()
def _group() -> None:
    """Create, list and change keys."""


@keys_commands.command()
def generate(
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
) -> None:
    """Create every key that the environment names as file:PATH and that does not exist yet.

    The public half of the client's key is written beside it as JWKS, for the provider. The bearer tokens of programs
    that ask the decision point are made too.

    Examples:
        gateway keys generate --env ti

    Exit codes:
        0: every key exists
        1: its settings do not load, or a file cannot be written
    """
    settings = load_settings_or_exit(config, env).environment(env)
    try:
        _generate(settings)
    except OSError as problem:
        _stop(f"cannot write {problem.filename}: {reason(problem)}")
    except ValueError as problem:
        _stop(f"{problem}: put the key back there, or remove the file")


def _generate(settings: EnvironmentSettings) -> None:
    for path, make in _wanted(settings):
        if path.exists():
            typer.echo(f"kept  {path}")
            continue
        _write(path, make())
        typer.echo(f"made  {path}")
    client = settings.provider.client_auth
    if isinstance(client, PrivateKeyJwt):
        write_client_jwks(client)


@keys_commands.command("list")
def list_(
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List the keys: what each is for, whether running gateways use it, and how long it is needed.

    Shows nothing that opens anything.

    Examples:
        gateway keys list --env prd
        gateway keys list --env prd --json

    Exit codes:
        0: listed
        1: its settings do not load, a key cannot be read, or the session store does not answer

    JSON:
        A list of keys: `purpose`, `id`, `place`, `since`, `state`, `used_by`, `waits_for`, `needed`.
    """
    found = _rows(ChosenEnvironment.by_settings(config, env))
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in found], indent=2))
        return
    for row in found:
        made = f"made {belgian_time(row.since)}" if row.since is not None else "made at an unknown time"
        typer.echo(f"{row.purpose:<10}  {row.id}  {_state(row)}")
        typer.echo(f"            {made}, in {row.place}")
        if row.state == "previous" and row.needed:
            typer.echo(f"            needed {row.needed}")
        elif row.state == "previous":
            typer.echo(f"            no longer needed: gateway keys drop {row.id} --env {env}")


@keys_commands.command()
def rotate(
    purposes: Annotated[
        list[str],
        typer.Argument(
            help=f"What for: {', '.join(_PURPOSES)}, or all.", autocompletion=lambda: [*_PURPOSES, "all"]
        ),
    ],
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
) -> None:
    """Make a new key beside those in use. Nothing ends, and the configuration stays as it is.

    Running gateways read the file by themselves. They use the new key once all of them have it.

    Examples:
        gateway keys rotate sessions flows --env prd
        gateway keys rotate all --env prd

    Exit codes:
        0: made
        1: its settings do not load, or a key could not be added
    """
    unknown = [each for each in purposes if each not in (*_PURPOSES, "all")]
    if unknown:
        _stop(f"there are no keys for {unknown[0]!r}: write {', '.join(_PURPOSES)} or all", _WRONG)
    settings = load_settings_or_exit(config, env).environment(env)
    wanted = [each for each in _PURPOSES if each in purposes or "all" in purposes]
    changed: dict[Path, None] = {}
    now = time.time()
    for purpose in wanted:
        try:
            if purpose == "client":
                auth = client_auth(settings)
                if auth is None and "all" in purposes:
                    typer.echo(f"kept  the client of {env} has a secret: the provider gives out another one")
                    continue
                name, secret = rotate_client(needed_auth(auth), now).kid[:SHOWN], needed_auth(auth).key
                write_client_jwks(needed_auth(auth))
            elif purpose == "assertion":
                name, secret = rotate_assertion(settings, now).kid[:SHOWN], settings.assertion.key
            else:
                name, secret = rotate_key(settings, purpose, now).id, settings.ring(purpose).secrets[0]
        except ValueError as problem:
            _stop(f"{problem}. {_so_far(changed)}")
        typer.echo(f"made  {name} for {purpose} in {env}, in {secret.path}")
        if secret.path is not None:
            changed[secret.path] = None
    _next_steps(settings, env, changed, assertion="assertion" in wanted)
    client = client_auth(settings)
    if "client" in wanted and client is not None:
        client_steps(client, settings.public_url, env)


keys_commands.command("use")(use)


@keys_commands.command()
def drop(
    key: Annotated[str, KEY],
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    force: Annotated[
        bool, typer.Option("--force", help="Also if it is still needed: what only it opens is lost at once.")
    ] = False,
) -> None:
    """Take a previous key out of its file.

    Examples:
        gateway keys drop 3f9a1c20b7de --env prd

    Exit codes:
        0: dropped
        1: it is still needed, is not there, or could not be taken out
    """
    chosen = ChosenEnvironment.by_settings(config, env)
    settings = chosen.settings
    row = next((each for each in _rows(chosen, unread=force) if each.id == key), None)
    if row is None:
        _stop(f"there is no key {key!r} in {env}: see `gateway keys list --env {env}`")
    if row.needed and not force:
        _stop(f"{key} is needed {row.needed}. NOTHING WAS CHANGED.")
    try:
        if row.purpose == "assertion":
            drop_assertion(settings, key)
        elif row.purpose == "client":
            drop_client_key(settings, key)
        else:
            ring = settings.ring(row.purpose)  # type: ignore[arg-type]
            drop_key(settings, next(each for each in ring.read() if each.id == key))
    except ValueError as problem:
        _stop(f"{problem}. NOTHING WAS CHANGED.")
    typer.echo(f"dropped  {key} for {row.purpose} in {env}, from {row.place}")
    typer.echo("  Copy the file to every machine of this environment; gateways read it within two seconds.")


def _rows(chosen: ChosenEnvironment, *, unread: bool = False) -> list[KeyRow]:
    try:
        members = members_of(chosen.settings, chosen.env)
        return rows(chosen.settings, members, _blocks(chosen, unread=unread), time.time())
    except (StoreUnavailable, ValueError) as problem:
        _stop(getattr(problem, "detail", None) or str(problem))


def _blocks(chosen: ChosenEnvironment, *, unread: bool) -> Sequence[Block]:
    """The blocks of this machine and the shared ones; with `unread` without those that nothing here can read.

    Raises StoreUnavailable, ValueError.
    """
    here = BLOCKS.read(chosen.config.blocks_file(chosen.env), chosen.env) or ()
    path = chosen.settings.session.store.path
    if not chosen.shared or (path is not None and not may_be_there(path)):
        return here
    try:
        shared, _ = chosen.try_store(
            lambda sessions: shared_orders(sessions, BLOCKS, chosen.env), served=False
        )
    except SealedElsewhere:
        # The key for sessions that sealed them was dropped while no gateway runs. One that starts takes the copy too.
        copy = chosen.config.blocks_copy(chosen.env)
        if not unread and not may_be_there(copy):
            raise
        shared = BLOCKS.read_copy(copy, chosen.env)
    return (*shared, *here)


def _state(row: KeyRow) -> str:
    if row.state == "used":
        count = len(row.used_by)
        return (
            f"in use by {count} process{'es' if count != 1 else ''}" if count else "in use; no gateway runs"
        )
    if row.state == "next":
        return f"next, waits for {', '.join(row.waits_for)}" if row.waits_for else "next, all have it"
    return row.state


def _next_steps(settings: EnvironmentSettings, env: str, changed: Iterable[Path], *, assertion: bool) -> None:
    typer.echo("Next:")
    if settings.session.store.kind == "redis":
        names = " and ".join(map(str, changed))
        typer.echo(
            f"  1. Copy {names} to every machine of {env}, in any order, readable by the gateway only."
        )
    else:
        typer.echo("  1. Nothing to copy: the session store is on this machine, and so are all gateways.")
    typer.echo("  2. Gateways read it within two seconds, and use the new key once all of them have it.")
    if assertion:
        minutes = settings.assertion.announce / 60
        typer.echo(f"     The assertion is signed with it {minutes:g} minutes later, when registers know it.")
    typer.echo(
        f"  3. gateway keys list --env {env} shows which gateway is waited for, and when an earlier key"
    )
    typer.echo(f"     is no longer needed. Then: gateway keys drop KEY --env {env}")


def _so_far(changed: Iterable[Path]) -> str:
    done = ", ".join(map(str, changed))
    return f"Changed before that: {done}." if done else "NOTHING WAS CHANGED."


def _stop(words: str, code: int = _FAILED) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(code)


def _wanted(settings: EnvironmentSettings) -> Iterator[tuple[Path, Callable[[], bytes]]]:
    now = time.time()
    client = settings.provider.client_auth
    if isinstance(client, PrivateKeyJwt) and client.key.path is not None:
        yield client.key.path, lambda: _client_key(client.algorithm, now)
    if settings.assertion.key.path is not None:
        yield settings.assertion.key.path, lambda: new_assertion_key(None, now)
    for caller in settings.authzen.callers.values() if settings.authzen is not None else ():
        if caller.bearer and caller.bearer[0].path is not None:
            yield caller.bearer[0].path, _bearer_token
    rings: dict[Path, list[Purpose]] = {}
    for purpose in PURPOSES:
        path = settings.ring(purpose).secrets[0].path
        if path is not None:
            rings.setdefault(path, []).append(purpose)
    for path, several in rings.items():
        yield path, partial(_ring, several, now)


def _client_key(algorithm: str, now: float) -> bytes:
    return new_pem_key(now, rsa_bits=None if algorithm == "ES256" else _RSA_BITS).written()


def _bearer_token() -> bytes:
    return f"{secrets.token_hex(32)}\n".encode("ascii")


def _ring(purposes: Iterable[Purpose], now: float) -> bytes:
    return write_key_file([new_key(purpose, now) for purpose in purposes])


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except BaseException as problem:
        # Half a key would be kept the next time.
        path.unlink()
        if isinstance(problem, OSError):
            problem.filename = str(path)
        raise
