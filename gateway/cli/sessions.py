"""`gateway sessions ...`: list and end sessions. Prints nothing that opens one."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from gateway.cli.loading import loaded
from gateway.errors import StoreUnavailable
from gateway.session.sessions import Sessions
from gateway.session.store import StoredSession
from gateway.session.ticket import session_id

T = TypeVar("T")
sessions_commands = typer.Typer(help="List and end sessions.", no_args_is_help=True)
_CONFIG = typer.Option("--config", help="The configuration file.")
_ENV = typer.Option("--env", help="The environment.")
_JSON = typer.Option("--json", help="Print JSON.")
_SUBJECT = typer.Option(help="The `sub` of one person, as ACM sends it.")
_ORGANISATION = typer.Option(help="The code of one organisation: KBO number or OVO code.")
_ID = typer.Option("--id", help="The id of one session, as in the decision records.")


@sessions_commands.callback()
def _group() -> None:
    """List and end sessions."""


@sessions_commands.command("list")
def list_(
    subject: Annotated[str | None, _SUBJECT] = None,
    organisation: Annotated[str | None, _ORGANISATION] = None,
    config: Annotated[Path, _CONFIG] = Path("config.yaml"),
    env: Annotated[str, _ENV] = "ti",
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """List the sessions of a person or an organisation. Default: all."""
    found = _with_sessions(
        config, env, lambda sessions: sessions.find(subject=subject, organisation=organisation)
    )
    _print(found, as_json=as_json)


@sessions_commands.command()
def show(
    id_: Annotated[str, _ID],
    config: Annotated[Path, _CONFIG] = Path("config.yaml"),
    env: Annotated[str, _ENV] = "ti",
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show one session. Exit code 1 if it does not exist."""
    found = _with_sessions(config, env, lambda sessions: _by_id(sessions, id_))
    _print(found, as_json=as_json)
    if not found:
        raise typer.Exit(1)


@sessions_commands.command()
def revoke(
    subject: Annotated[str | None, _SUBJECT] = None,
    organisation: Annotated[str | None, _ORGANISATION] = None,
    id_: Annotated[str | None, _ID] = None,
    config: Annotated[Path, _CONFIG] = Path("config.yaml"),
    env: Annotated[str, _ENV] = "ti",
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """End the sessions of a person or an organisation, or one session. Running gateways see it within `session.cache_ttl`."""
    if subject is None and organisation is None and id_ is None:
        typer.echo("say whose sessions: --subject, --organisation or --id", err=True)
        raise typer.Exit(2)
    bound = loaded(config, env).environment(env).session.cache_ttl

    async def work(sessions: Sessions) -> list[str]:
        found = await sessions.find(subject=subject, organisation=organisation)
        return await sessions.revoke(kept for kept in found if id_ in (None, session_id(kept.key)))

    ended = _with_sessions(config, env, work)
    if as_json:
        typer.echo(json.dumps({"ended": ended, "seen_within_seconds": bound}))
        return
    for each in ended:
        typer.echo(f"ended {each}")
    count = len(ended)
    typer.echo(
        f"{count} session{'s' if count != 1 else ''} ended; every gateway sees this within {bound:g} s."
    )


async def _by_id(sessions: Sessions, id_: str) -> list[StoredSession]:
    return [kept for kept in await sessions.find() if session_id(kept.key) == id_]


def _with_sessions(path: Path, env: str, work: Callable[[Sessions], Awaitable[T]]) -> T:
    settings = loaded(path, env).environment(env)
    if settings.session.store.kind == "memory":
        typer.echo("sessions in store memory: exist only in the gateway's own process", err=True)
        raise typer.Exit(1)

    async def run() -> T:
        secure = settings.public_url.startswith("https://")
        sessions = Sessions(settings.session, environment=env, secure=secure, clock=time.time)
        try:
            await sessions.start(sweep=False)
            return await work(sessions)
        finally:
            await sessions.aclose()

    try:
        return asyncio.run(run())
    except (StoreUnavailable, ValueError) as problem:
        typer.echo(f"{getattr(problem, 'detail', None) or problem}", err=True)
        raise typer.Exit(1) from problem


def _print(found: Sequence[StoredSession], *, as_json: bool) -> None:
    entries = [
        {
            "id": session_id(kept.key),
            "created_at": _moment(kept.created_at),
            "seen_at": _moment(kept.seen_at),
            "expires_at": _moment(kept.expires_at),
        }
        for kept in found
    ]
    if as_json:
        typer.echo(json.dumps(entries, indent=2))
        return
    for entry in entries:
        typer.echo("  ".join(_words(name, value) for name, value in entry.items()))
    typer.echo(f"{len(entries)} session{'s' if len(entries) != 1 else ''}.")


def _words(name: str, value: Any) -> str:
    return str(value) if name == "id" else f"{name.removesuffix('_at')} {value}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
