"""`gateway sessions ...`: list and end sessions. Prints nothing that opens one."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateway.cli.belgian_time import belgian_time
from gateway.cli.chosen_environment import ChosenEnvironment, store_now
from gateway.cli.confirm import TIMEOUT, WAIT, Confirmation, conclude, confirmation
from gateway.cli.exit import NOT_DONE, stop
from gateway.cli.options import CONFIG, ENV, JSON
from gateway.cli.output import counted
from gateway.cli.people import ID, ORGANISATION, SUB, SUBJECT, Listed, SessionFilter, matching
from gateway.errors import StoreUnavailable
from gateway.fleet.orders import REVOKED, revoked
from gateway.session.ending import end_found
from gateway.session.sessions import Sessions
from gateway.session.store import StoredSession

sessions_commands = typer.Typer(help="List and end sessions.", no_args_is_help=True)
_ORDER_VALID: Final = 600.0


@sessions_commands.callback()
def _group() -> None:
    """List and end sessions."""


@sessions_commands.command("list")
def list_(
    env: Annotated[str, ENV],
    id_: Annotated[str | None, ID] = None,
    subject: Annotated[str | None, SUBJECT] = None,
    organisation: Annotated[str | None, ORGANISATION] = None,
    sub: Annotated[bool, SUB] = False,
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List the sessions of a person or an organisation. Default: all.

    Examples:
        gateway sessions list --env prd
        gateway sessions list --env prd --organisation 0777.000.187 --json

    Exit codes:
        0: sessions were found, or all were asked for
        1: nobody matched, its settings do not load, or the store cannot be read

    JSON:
        An object: `environment`, `store`, `config`, `matched`, `sessions` (each with `id`, `person`, `organisation`, `means`,
        `device`, `since`, `seen`, `expires`).
    """
    chosen = ChosenEnvironment.by_settings(config, env)
    wanted = SessionFilter.of(chosen, id_, subject, organisation, sub=sub)

    async def find(sessions: Sessions) -> list[Listed]:
        return await matching(sessions, wanted, await store_now(sessions))

    found = chosen.with_store(find, only_reads=True)
    _print(chosen, found, as_json=as_json)
    if wanted.given and not found:
        _nobody(chosen)


@sessions_commands.command()
def show(
    id_: Annotated[str, ID],
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show one session.

    Examples:
        gateway sessions show --env prd --id 0f1e2d3c4b5a6978

    Exit codes:
        0: it exists
        1: it does not, its settings do not load, or the store cannot be read

    JSON:
        As `gateway sessions list`: `environment`, `store`, `config`, `matched`, `sessions`.
    """
    list_(env, id_, config=config, as_json=as_json)


@sessions_commands.command()
def revoke(
    env: Annotated[str, ENV],
    id_: Annotated[str | None, ID] = None,
    subject: Annotated[str | None, SUBJECT] = None,
    organisation: Annotated[str | None, ORGANISATION] = None,
    sub: Annotated[bool, SUB] = False,
    wait: Annotated[bool, WAIT] = False,
    timeout: Annotated[float, TIMEOUT] = 30.0,
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """End the sessions of a person or an organisation, or one session. Their open streams are cut.

    Who is logged in at ACM can log in again at once: to keep somebody out, use `gateway block add`.

    Examples:
        gateway sessions revoke --env prd --organisation 0777.000.187 --wait
        gateway sessions revoke --env prd --id 0f1e2d3c4b5a6978
        gateway sessions revoke --env prd --sub

    Exit codes:
        0: sessions were ended
        1: nobody matched, its settings do not load, or the store cannot be reached or failed before all were ended
        3: ended, but not confirmed by every running gateway (with --wait)

    JSON:
        An object: `environment`, `store`, `config`, `matched`, `ended` (as `sessions` of `gateway sessions list`), `confirmed`,
        `not_confirmed`.
    """
    chosen = ChosenEnvironment.by_settings(config, env)
    wanted = SessionFilter.of(chosen, id_, subject, organisation, sub=sub)
    if not wanted.given:
        stop("say whose sessions: --subject, --sub, --organisation or --id")
    ended, confirmed, trouble = chosen.with_store(
        lambda sessions: _end(sessions, wanted, timeout if wait else 0.0)
    )
    if as_json:
        data = {"matched": len(ended), "ended": [_plain(each) for each in ended]}
        confirmations = {"confirmed": len(confirmed.done), "not_confirmed": sorted(confirmed.missing)}
        typer.echo(json.dumps({**chosen.named(), **data, **confirmations}, indent=2))
    else:
        typer.echo(chosen.heading())
        for each in ended:
            typer.echo(f"ENDED {_line(each)}")
    if not ended:
        _nobody(chosen)
    chosen.record([_record(ended)])
    if trouble:
        words = (
            f"{counted(len(ended), 'session')} ended, and then: {trouble}. THESE MAY NOT BE ALL: do it again."
        )
        stop(words, NOT_DONE)
    if not as_json:
        bound = chosen.settings.blocks.look_every + 1
        typer.echo(f"{counted(len(ended), 'session')} ended; every worker knows within {bound:g} seconds.")
    if wait or not as_json:
        conclude(confirmed, waited=wait, silent=as_json)


async def _end(
    sessions: Sessions, wanted: SessionFilter, patience: float
) -> tuple[list[Listed], Confirmation, str]:
    """The sessions that were ended, which processes have forgotten them, and why these may not be all."""
    begun = await store_now(sessions)
    listed: dict[str, Listed] = {}
    ended: list[str] = []

    async def find() -> list[StoredSession]:
        found = [each for each in await matching(sessions, wanted, begun) if each.stored.created_at <= begun]
        listed.update((each.id, each) for each in found)
        return [each.stored for each in found]

    order = secrets.token_hex(6)

    async def tell() -> None:
        """Let every gateway look anew whether these go on."""
        content = revoked([each.stored.key for each in listed.values()])
        await sessions.board.order(f"{REVOKED}{order}", content, seconds=_ORDER_VALID)

    try:
        await end_found(sessions, find, ended)
        if not ended:
            return [], Confirmation({}, {}), ""
        await tell()
    except StoreUnavailable as problem:
        if listed:
            # The one that got no answer may have ended too.
            with suppress(StoreUnavailable):
                await tell()
        if not ended:
            raise
        return [listed[each] for each in ended], Confirmation({}, {}), problem.detail
    confirmed = await confirmation(
        sessions.board, lambda report: order in report.get("revoked", ()), patience=patience
    )
    return [listed[each] for each in ended], confirmed, ""


def _record(ended: Sequence[Listed]) -> dict[str, Any]:
    persons = sorted({each.summary.persons[0] for each in ended if each.summary.persons})
    return {
        "kind": "sessions",
        "action": "revoked",
        "sessions": [each.id for each in ended],
        "persons": persons,
    }


def _print(chosen: ChosenEnvironment, found: Sequence[Listed], *, as_json: bool) -> None:
    if as_json:
        data = {"matched": len(found), "sessions": [_plain(each) for each in found]}
        typer.echo(json.dumps({**chosen.named(), **data}, indent=2))
        return
    typer.echo(chosen.heading())
    for each in found:
        typer.echo(_line(each))
    typer.echo(f"{counted(len(found), 'session')}.")


def _plain(listed: Listed) -> dict[str, Any]:
    stored, summary = listed.stored, listed.summary
    return {
        "id": listed.id,
        "person": summary.persons[0] if summary.persons else None,
        "organisation": summary.organisation,
        "means": summary.means,
        "device": summary.device,
        "since": belgian_time(stored.created_at),
        "seen": belgian_time(stored.seen_at),
        "expires": belgian_time(stored.expires_at),
    }


def _line(listed: Listed) -> str:
    values = _plain(listed)
    person, organisation = values["person"] or "unknown person", values["organisation"] or "no organisation"
    about = [f"means {values['means'] or 'unknown'}", f"device {values['device'] or 'unknown'}"]
    times = [f"since {values['since']}", f"last seen {values['seen']}", f"until {values['expires']}"]
    return "  ".join((values["id"], f"person {person}", f"organisation {organisation}", *about, *times))


def _nobody(chosen: ChosenEnvironment) -> None:
    stop(f"nobody matched: no session in {chosen.env} is of whom you mean", NOT_DONE)
