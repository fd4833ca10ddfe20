"""`gateway config card`: the card by which other environments see that they share nothing with this one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import CONFIG, ENV
from gateway.cli.place import NOT_DONE, Place, stop
from gateway.config.card import card_of, signed
from gateway.reload.neighbours import CARDS


def card(
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    forget: Annotated[
        str,
        typer.Option(
            help="Instead: take the card of an environment that no longer uses the session store of --env out of it, by the name in"
            " the message about it (ti@HOST)."
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
    place = Place.of(config, env)
    if forget:
        if not place.with_store(lambda sessions: sessions.store.drop_entry(CARDS, forget)):
            stop(f"nobody matched: there is no card {forget!r} in {place.settings.session.store}", NOT_DONE)
        typer.echo(f"{place.heading()}\nFORGOTTEN: the card of {forget}")
        return
    try:
        typer.echo(signed(card_of(env, place.settings, time.time()), place.settings), nl=False)
    except ValueError as problem:
        stop(f"{problem}; the card is signed with the key of the assertion", NOT_DONE)
