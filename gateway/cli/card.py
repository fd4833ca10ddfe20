"""`gateway config card`: the card by which other environments see that they share nothing with this one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.exit import NOT_DONE, stop
from gateway.cli.options import CONFIG, ENV
from gateway.config.card import card_of, signed_card
from gateway.errors import StoreUnavailable
from gateway.files.reason import reason
from gateway.fleet.neighbours import CARDS, card_name, cards_in
from gateway.session.store import Store


def card(
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    forget: Annotated[
        str,
        typer.Option(
            help="Instead: take away the card of an environment that no longer uses the session store of --env, or its folder on this"
            " machine, by the name in the message about it (ti@HOST)."
        ),
    ] = "",
) -> None:
    """Print the signed card of an environment: its issuer, client, hosts, upstreams and store, and thumbprints of its keys,
    but no secret. Give it to the operators of the other environments, for `environment_cards:` or `config validate
    --against`.

    Examples:
        gateway config card --env prd > prd.card.json
        gateway config card --env prd --forget ti@gw1

    Exit codes:
        0: done
        1: the card cannot be made, or there is none to forget
    """
    chosen = ChosenEnvironment.by_settings(config, env)
    if forget:
        _forget(chosen, forget)
        return
    try:
        typer.echo(signed_card(card_of(env, chosen.settings, time.time()), chosen.settings), nl=False)
    except ValueError as problem:
        stop(f"{problem}; the card is signed with the key of the assertion", NOT_DONE)


async def _dropped(store: Store, name: str) -> bool:
    # Looked up first: an answer that is lost, so that the call is sent again, says that there was none.
    there = name in await store.entries(CARDS, now=time.time())
    return await store.drop_entry(CARDS, name) or there


def _forget(chosen: ChosenEnvironment, name: str) -> None:
    folder = chosen.config.blocks_file(chosen.env).parent
    kept = [Path(where) for where, found in cards_in(folder).cards if card_name(found) == name]
    try:
        stored = chosen.shared and chosen.try_store(lambda each: _dropped(each.store, name), served=False)
    except (StoreUnavailable, ValueError) as problem:
        stop(f"{getattr(problem, 'detail', None) or problem}. NOTHING WAS CHANGED.", NOT_DONE)
    if not stored and not kept:
        stop(
            f"nobody matched: there is no card {name!r} in {chosen.settings.session.store} or {folder}",
            NOT_DONE,
        )
    typer.echo(chosen.heading())
    if stored:
        typer.echo(f"FORGOTTEN: the card of {name} in the session store")
    for path in kept:
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            stop(f"NOT FORGOTTEN: the card of {name} in {path}: {reason(problem)}", NOT_DONE)
        typer.echo(f"FORGOTTEN: the card of {name} in {path}")
    typer.echo(f"A gateway of {name.partition('@')[0]} that still runs leaves it again within the hour.")
