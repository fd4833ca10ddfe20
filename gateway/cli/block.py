"""`gateway block ...`: block an organisation or a person at once, list the blocks, remove them.

For emergencies: the environment is always explicit, every outcome is a plain sentence, and there are no questions.
"""

from __future__ import annotations

import getpass
import json
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.blocks.block_list import BLOCKS, Block
from gateway.blocks.merge import Merged, with_block, without_block
from gateway.cli.belgian_time import belgian_time, read_belgian_time
from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.confirm import TIMEOUT, WAIT, Confirmation, conclude
from gateway.cli.exit import NOT_DONE, stop
from gateway.cli.key_rows import shared_key
from gateway.cli.options import CONFIG, ENV, HERE, JSON
from gateway.cli.ordered import ONLY_HERE, Ordered
from gateway.cli.output import counted
from gateway.cli.people import ID, ORGANISATION, SUB, SUBJECT, UNKNOWN, Listed, SessionFilter, one_person
from gateway.cli.shared_blocks import NamedBlock, block_everywhere, unblock_everywhere
from gateway.errors import StoreUnavailable

block_commands = typer.Typer(
    help="Block people or organisations at once, in every running gateway.", no_args_is_help=True
)


@block_commands.callback()
def _group() -> None:
    """Block people or organisations at once, in every running gateway."""


@block_commands.command()
def add(
    env: Annotated[str, ENV],
    reason: Annotated[
        str, typer.Option(help="Why, for your colleagues; the people who are blocked never see it.")
    ],
    organisation: Annotated[str | None, ORGANISATION] = None,
    subject: Annotated[str | None, SUBJECT] = None,
    id_: Annotated[str | None, ID] = None,
    sub: Annotated[bool, SUB] = False,
    until: Annotated[
        str | None,
        typer.Option(
            help="For how long (30m, 8h, 7d), or until when, in Belgian time (18:00, morgen 8u, 2026-12-01T18:00)."
        ),
    ] = None,
    only_here: Annotated[bool, HERE] = False,
    wait: Annotated[bool, WAIT] = False,
    timeout: Annotated[float, TIMEOUT] = 30.0,
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
) -> None:
    """Block an organisation or a person, until the given time or until you remove the block.

    Their requests are refused within a few seconds, and their open streams are cut. Whoever is blocked already, stays
    blocked for the longer of both times.

    Examples:
        gateway block add --env prd --organisation 0777.000.187 --until 8h --reason "Ticket 4711" --wait
        gateway block add --env prd --subject EcI7qXTzEMhT7hZ0ouzo0g --reason "Stolen laptop"
        gateway block add --env prd --sub --until 2026-12-01T18:00 --reason "Ticket 4712"

    Exit codes:
        0: blocked
        1: nobody matched, or nothing could be changed
        3: blocked, but not confirmed by every running gateway (with --wait)
    """
    if sum((organisation is not None, subject is not None, id_ is not None, sub)) != 1:
        stop("say who to block: one of --organisation, --subject, --sub and --id")
    if not reason.strip():
        stop("say why, with --reason")
    chosen = ChosenEnvironment.by_settings(config, env)
    ordered = Ordered.at(chosen, BLOCKS, only_here, patience=timeout if wait else None)
    now = ordered.now()
    ends = read_belgian_time(until, now) if until is not None else None
    wanted = SessionFilter.of(chosen, id_, subject, organisation, sub=sub)

    keys = _keys(chosen, here=ordered.here) if wanted.organisation is None else ()
    block = Block(f"b-{secrets.token_hex(4)}", "person", "", reason.strip(), getpass.getuser(), now, ends)
    if ordered.here:
        _add_here(ordered, *_of(wanted, (), keys, block))
    else:
        make_block = partial(_of, wanted, keys=keys, block=block)
        _add_everywhere(ordered, wanted, make_block)


def _add_everywhere(
    ordered: Ordered[Block], wanted: SessionFilter, make_block: Callable[[Sequence[Listed]], NamedBlock]
) -> None:
    chosen, patience = ordered.chosen, ordered.patience
    merged, found, confirmed = chosen.with_store(
        lambda sessions: block_everywhere(sessions, chosen.env, wanted, make_block, patience or 0.0)
    )
    typer.echo(chosen.heading())
    _say_added(ordered, merged)
    typer.echo(f"  {counted(len(found), 'session')} of them now.")
    if not found:
        typer.echo("  If you expected one, check for a typing error.")
    conclude(confirmed, waited=patience is not None)


def _keys(chosen: ChosenEnvironment, *, here: bool) -> tuple[str, ...]:
    """The ids of the keys for pseudonyms, the one to block by first.

    A gateway that does not have the newest key yet must know the person too; on this machine all have it.
    """
    try:
        keys = [key.id for key in chosen.settings.ring("pseudonyms").read()]
        first = keys[0] if here else shared_key(chosen.settings, chosen.env, "pseudonyms").id
    except (StoreUnavailable, ValueError) as problem:
        stop(f"{getattr(problem, 'detail', None) or problem}. NOTHING WAS CHANGED.", NOT_DONE)
    return tuple(dict.fromkeys((first, *keys)))


def _of(wanted: SessionFilter, found: Sequence[Listed], keys: Sequence[str], block: Block) -> NamedBlock:
    """The block, of whom is wanted. Ends the command where it is not clear who that is."""
    if wanted.organisation is not None:
        return replace(block, kind="organisation", value=wanted.organisation), ()
    names = one_person(wanted, found)
    if UNKNOWN in names:
        return replace(block, value=names[UNKNOWN], keys=tuple(keys)), tuple(names.values())
    # Nobody is known by a pseudonym under a key that is gone.
    known = {key: names[key] for key in keys if key in names}
    if not known:
        stop(
            "nobody matched: write the pseudonym as a whole (22 characters), or use --sub. NOTHING WAS CHANGED.",
            NOT_DONE,
        )
    first = next(iter(known))
    return replace(block, value=known[first], keys=(first,)), tuple(known.values())


def _add_here(ordered: Ordered[Block], block: Block, names: Collection[str]) -> None:
    outcome: list[Merged] = []

    def make(blocks: tuple[Block, ...]) -> Sequence[Block]:
        outcome[:] = [with_block(blocks, block, names)]
        return outcome[0].blocks

    ordered.change_file(make)
    typer.echo(ordered.heading())
    _say_added(ordered, outcome[0])
    typer.echo(ONLY_HERE)


def _say_added(ordered: Ordered[Block], merged: Merged) -> None:
    chosen, block, env = ordered.chosen, merged.block, ordered.chosen.env
    match merged.how:
        case "new":
            typer.echo(f"BLOCKED in {env}: {_words(block)}")
        case "longer":
            typer.echo(f"BLOCKED in {env} for longer, by the same block: {_words(block)}")
        case "known":
            typer.echo(f"ALREADY BLOCKED in {env}, and for no shorter: {_words(block)}. Nothing was changed.")
            typer.echo(f"  by {block.by} on {belgian_time(block.added)}: {block.reason}")
    if merged.how != "known":
        bound = chosen.settings.blocks.look_every + 1
        typer.echo(f"  In force in every worker within {bound:g} seconds; open streams are then cut.")
        chosen.record([_record("added", block)])
    typer.echo(f"  To remove it: gateway block remove {block.id} --env {env}{ordered.option}")


@block_commands.command("list")
def list_(
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List the blocks, also those that have expired, and which running gateways know them all.

    Examples:
        gateway block list --env prd
        gateway block list --env prd --json

    Exit codes:
        0: these are all blocks
        1: its settings do not load, or the store or the file of this machine cannot be read

    JSON:
        An object: `environment`, `store`, `config`, `file`, `blocks` (each with `id`, `kind`, `value`, `reason`, `by`, `added`,
        `until`, `holds`, `where`) and `gateways` (`current`, `not_current`: names of workers).
    """
    chosen = ChosenEnvironment.by_settings(config, env)
    ordered, trouble, now = Ordered.at(chosen, BLOCKS), list[str](), time.time()
    every, confirmed = ordered.read(trouble)
    if as_json:
        blocks = [{**asdict(each), "holds": each.in_force(now), "where": where} for each, where in every]
        data = {"blocks": blocks, "gateways": confirmed.to_data()}
        typer.echo(json.dumps({**chosen.named(ordered.file), **data}, indent=2))
    else:
        typer.echo(ordered.heading())
        for block, where in every:
            state = "" if block.in_force(now) else "  (expired)"
            only = "  (only on this machine)" if where != "everywhere" else ""
            typer.echo(f"{block.id}  {_words(block)}{state}{only}")
            typer.echo(f"    by {block.by} on {belgian_time(block.added)}: {block.reason}")
        if not every and not trouble:
            typer.echo(f"nobody is blocked in {env}")
        if chosen.shared and not trouble:
            typer.echo(f"{confirmed.words()}.")
    if trouble:
        stop("THESE ARE NOT ALL BLOCKS: " + "; ".join(trouble), NOT_DONE)


@block_commands.command()
def remove(
    block: Annotated[str, typer.Argument(help="The name of the block, as shown by `gateway block list`.")],
    env: Annotated[str, ENV],
    only_here: Annotated[bool, HERE] = False,
    wait: Annotated[bool, WAIT] = False,
    timeout: Annotated[float, TIMEOUT] = 30.0,
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
) -> None:
    """Remove a block, and say what still keeps the same people out.

    Examples:
        gateway block remove b-1f2e3d4c --env prd
        gateway block remove b-1f2e3d4c --env prd --wait

    Exit codes:
        0: removed
        1: there is no such block, or nothing could be changed
        3: removed, but not confirmed by every running gateway (with --wait)
    """
    chosen = ChosenEnvironment.by_settings(config, env)
    ordered = Ordered.at(chosen, BLOCKS, only_here, patience=timeout if wait else None)
    gone: list[Block] = []

    def without(blocks: Sequence[Block]) -> Sequence[Block]:
        gone.extend(each for each in blocks if each.id == block and each not in gone)
        return [each for each in blocks if each.id != block]

    left: Sequence[Block] = ()
    listed: Sequence[Listed] = ()
    confirmed = Confirmation({}, {})
    trouble: list[str] = []
    in_file = ordered.read_file(trouble)
    if not ordered.here:
        left, listed, confirmed = chosen.with_store(
            lambda sessions: unblock_everywhere(sessions, env, without, ordered.patience or 0.0)
        )
    if ordered.here or any(each.id == block for each in in_file):
        in_file = ordered.change_file(without)
    typer.echo(ordered.heading())
    if not gone:
        stop(
            f"nobody matched: there is no block {block!r} in {env}: see `gateway block list --env {env}`",
            NOT_DONE,
        )
    typer.echo(f"REMOVED in {env}: {_words(gone[0])}")
    people = [(each.summary.persons, each.summary.organisation) for each in listed]
    still = without_block((*left, *in_file), gone[0], people, time.time())
    for each in still:
        typer.echo(f"  STILL BLOCKED by {each.id}: {_words(each)} ({each.reason})")
    for words in trouble:
        typer.echo(f"  {words}", err=True)
    bound = chosen.settings.blocks.look_every + 1
    typer.echo(f"  In force in every worker within {bound:g} seconds.")
    chosen.record([_record("removed", each) for each in gone[:1]])
    if not ordered.here:
        conclude(confirmed, waited=wait)


def _words(block: Block) -> str:
    until = f"until {belgian_time(block.until)}" if block.until is not None else "until it is removed"
    return f"{block.kind} {block.value}, {until}"


def _record(action: str, block: Block) -> dict[str, Any]:
    about = {block.kind: block.value, "until": block.until, "reason": block.reason}
    return {"kind": "block", "action": action, "block": block.id, **about}
