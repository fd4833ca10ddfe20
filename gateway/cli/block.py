"""`gateway block ...`: block an organisation or a person at once, list the blocks, remove them.

For emergencies: the environment is always explicit, every outcome is a plain sentence, and there are no questions.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gateway.blocks.file import Block, change, read
from gateway.cli.key_rows import shared_key
from gateway.cli.loading import loaded
from gateway.config import Config
from gateway.errors import StoreUnavailable
from gateway.model import Identity
from gateway.observe.decision_record import Pseudonyms
from gateway.observe.record_writer import DecisionRecords

block_commands = typer.Typer(
    help="Block people or organisations at once, in every running worker.", no_args_is_help=True
)
_CONFIG = typer.Option("--config", help="The configuration file.")
_ENV = typer.Option("--env", help="The environment: ti or prd.")
_WRONG = 2
_FAILED = 1
_PSEUDONYM = re.compile(r"[A-Za-z0-9_-]{22}")
_DURATION = re.compile(r"(\d+)([mhd])")
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}


@block_commands.callback()
def _group() -> None:
    """Block people or organisations at once, in every running worker."""


@block_commands.command()
def add(
    env: Annotated[str, _ENV],
    reason: Annotated[
        str, typer.Option(help="Why, for your colleagues; the people who are blocked never see it.")
    ],
    organisation: Annotated[
        str | None, typer.Option(help="The code of an organisation: KBO number or OVO code.")
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(help="A person: the pseudonym of the decision records (`person`), or ACM's `sub`."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="For how long (30m, 8h, 7d), or until when (2026-12-01 or 2026-12-01T18:00)."),
    ] = None,
    config: Annotated[Path, _CONFIG] = Path("config.yaml"),
) -> None:
    """Block an organisation or a person, until the given time or until you remove the block.

    Their requests are refused within a few seconds, and their open streams are cut.
    """
    if (organisation is None) == (subject is None):
        _stop("say who to block: either --organisation or --subject")
    if not reason.strip():
        _stop("say why, with --reason")
    now = time.time()
    ends = _moment(until, now) if until is not None else None
    found = loaded(config, env)
    who = _organisation(organisation) if organisation is not None else ""
    wanted = [("organisation", who, ())] if organisation is not None else _people(found, env, subject or "")
    fresh = [
        Block(f"b-{secrets.token_hex(4)}", kind, value, reason.strip(), getpass.getuser(), now, ends, keys)  # type: ignore[arg-type]
        for kind, value, keys in wanted
    ]
    _change(found, env, lambda blocks: [*blocks, *fresh])
    settings = found.environment(env)
    bound = settings.blocks.look_every + 1
    for block in fresh:
        typer.echo(f"BLOCKED in {env}: {_words(block)}")
        typer.echo(f"  In force in every worker within {bound:g} seconds; open streams are then cut.")
        typer.echo(f"  To remove it: gateway block remove {block.id} --env {env}")
    _record(found, env, "added", fresh)


@block_commands.command("list")
def list_(
    env: Annotated[str, _ENV],
    config: Annotated[Path, _CONFIG] = Path("config.yaml"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the blocks, also those that have expired."""
    found = loaded(config, env)
    try:
        blocks = read(found.blocks_file(env), env) or ()
    except ValueError as problem:
        _stop(str(problem), _FAILED)
    now = time.time()
    if as_json:
        typer.echo(json.dumps([{**asdict(each), "holds": each.in_force(now)} for each in blocks], indent=2))
        return
    for block in blocks:
        state = "" if block.in_force(now) else "  (expired)"
        typer.echo(f"{block.id}  {_words(block)}{state}")
        typer.echo(f"    by {block.by} on {_at(block.added)}: {block.reason}")
    if not blocks:
        typer.echo(f"nobody is blocked in {env}")


@block_commands.command()
def remove(
    block: Annotated[str, typer.Argument(help="The name of the block, as shown by `gateway block list`.")],
    env: Annotated[str, _ENV],
    config: Annotated[Path, _CONFIG] = Path("config.yaml"),
) -> None:
    """Remove a block. Exit code 1 if there is no such block."""
    found = loaded(config, env)
    gone: list[Block] = []

    def without(blocks: Sequence[Block]) -> Sequence[Block]:
        gone.extend(each for each in blocks if each.id == block)
        return [each for each in blocks if each.id != block]

    _change(found, env, without)
    if not gone:
        _stop(f"there is no block {block!r} in {env}: see `gateway block list --env {env}`", _FAILED)
    bound = found.environment(env).blocks.look_every
    typer.echo(f"REMOVED in {env}: {_words(gone[0])}")
    typer.echo(f"  In force in every worker within {bound:g} seconds.")
    _record(found, env, "removed", gone)


def _change(config: Config, env: str, make: Callable[[tuple[Block, ...]], Sequence[Block]]) -> None:
    try:
        change(config.blocks_file(env), env, make)
    except ValueError as problem:
        _stop(f"{problem}. NOTHING WAS CHANGED.", _FAILED)


def _organisation(written: str) -> str:
    """The code as it is in claims: 0428.315.871 and BE0428315871 become 0428315871."""
    code = re.sub(r"[\s.]", "", written).upper()
    digits = code.removeprefix("BE")
    if digits.isascii() and digits.isdigit() and len(digits) in (9, 10):
        return digits.zfill(10)
    if digits.isdigit():
        _stop(
            f"{written!r} has {len(digits)} digits, but a KBO number has 10: write 0428315871, or a code like OVO000001"
        )
    if not re.fullmatch(r"[A-Z0-9-]{1,64}", code):
        _stop(f"{written!r} is not the code of an organisation: write 0428315871 or OVO000001")
    return code


def _people(config: Config, env: str, written: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """The pseudonyms that this can stand for: it is the `sub` of a person, or a pseudonym itself."""
    settings = config.environment(env)
    subject = written.strip()
    if not subject:
        _stop("say who to block, with --subject")
    try:
        keys = settings.ring("pseudonyms").read()
        # A gateway that does not have the newest key yet must know the person too.
        key = shared_key(settings, env, "pseudonyms")
    except (StoreUnavailable, ValueError) as problem:
        _stop(f"{getattr(problem, 'detail', None) or problem}. NOTHING WAS CHANGED.", _FAILED)
    names = Pseudonyms(key.octets, env)
    found: list[tuple[str, str, tuple[str, ...]]] = [
        ("person", names.of(Identity(settings.provider.issuer, subject)), (key.id,))
    ]
    if _PSEUDONYM.fullmatch(subject):
        found.append(("person", subject, tuple(key.id for key in keys)))
    return found


def _moment(written: str, now: float) -> float:
    duration = _DURATION.fullmatch(written)
    if duration is not None:
        return now + int(duration[1]) * _UNITS[duration[2]]
    try:
        moment = datetime.fromisoformat(written).timestamp()
    except (ValueError, OverflowError):
        _stop(f"{written!r} is not a time: write 8h, 7d, 2026-12-01 or 2026-12-01T18:00")
    if moment <= now:
        _stop(f"{written} is in the past")
    return moment


def _words(block: Block) -> str:
    until = f"until {_at(block.until)}" if block.until is not None else "until it is removed"
    return f"{block.kind} {block.value}, {until}"


def _at(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M %Z")


def _record(config: Config, env: str, action: str, blocks: Sequence[Block]) -> None:
    """Add who did what to the decision records, if they go to a file."""
    settings = config.environment(env)
    if settings.observe.records.kind != "file":
        typer.echo("  Decision records don't go to a file here: make a note of this yourself.", err=True)
        return
    try:
        asyncio.run(_written(config, env, action, blocks))
    except ValueError as problem:
        typer.echo(f"  This is in force, but could not be recorded: {problem}", err=True)


async def _written(config: Config, env: str, action: str, blocks: Sequence[Block]) -> None:
    settings = config.environment(env)
    records = DecisionRecords(settings.observe, env, keys=settings.ring("pseudonyms").octets, clock=time.time)
    await records.start()
    by = getpass.getuser()
    for block in blocks:
        about = {block.kind: block.value, "until": block.until, "reason": block.reason, "by": by}
        records.write({"kind": "block", "action": action, "block": block.id, **about})
    await records.aclose()


def _stop(words: str, code: int = _WRONG) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(code)
