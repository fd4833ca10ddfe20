"""`gateway emergency ...`: open an emergency rule with two people, close it, list what is open."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.belgian_time import belgian_time
from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.confirm import TIMEOUT, WAIT, Confirmation
from gateway.cli.exit import NOT_DONE, stop
from gateway.cli.operator import Operator, running_operator
from gateway.cli.options import CONFIG, ENV, HERE, JSON
from gateway.cli.ordered import Ordered
from gateway.config.problems import unknown
from gateway.emergency.codes import new_code
from gateway.emergency.opening import OPENINGS, Opening, with_one_more

emergency_commands = typer.Typer(
    help="Open an emergency rule for a while, with two people.", no_args_is_help=True
)
_AS = typer.Option("--as", help="Who you are, where `emergency: operators:` lists people with their codes.")
_WHICH = typer.Argument(help="The opening, as `gateway emergency list` shows it, or the id of the rule.")


@emergency_commands.callback()
def _group() -> None:
    """Open an emergency rule for a while, with two people."""


@emergency_commands.command("open")
def open_(
    rule: Annotated[str, typer.Argument(help="The id of the emergency rule.")],
    env: Annotated[str, ENV],
    reason: Annotated[str, typer.Option(help="Why, for your colleagues and for the records.")],
    minutes: Annotated[
        float | None,
        typer.Option(min=0.02, help="For how many minutes. Default: as long as the rule allows."),
    ] = None,
    as_: Annotated[str | None, _AS] = None,
    only_here: Annotated[bool, HERE] = False,
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
) -> None:
    """Ask to open an emergency rule. Nothing is open before a second person has run `gateway emergency confirm`.

    Examples:
        gateway emergency open spoed --env prd --reason "Ticket 4711" --minutes 30

    Exit codes:
        0: asked
        1: it is open already, or nothing could be changed
    """
    chosen = ChosenEnvironment.of(config, env)
    longest = _declared(chosen, rule)
    seconds = minutes * 60 if minutes is not None else longest
    if not reason.strip():
        stop("say why, with --reason")
    if seconds > longest:
        stop(f"{rule} can be open for {longest / 60:g} minutes at most (`emergency: at_most:`)")
    ordered = Ordered.at(chosen, OPENINGS, only_here)
    who, now = running_operator(chosen.settings.emergency.operators, as_), ordered.now()
    expires = now + chosen.settings.emergency.confirm_within
    asked = Opening(
        f"e-{secrets.token_hex(4)}", rule, reason.strip(), seconds, who.name, who.how, now, expires
    )

    def make(before: tuple[Opening, ...]) -> Sequence[Opening]:
        for each in before:
            if each.rule == rule and each.state(now) in ("open", "pending"):
                stop(
                    f"{rule} is {each.state(now)} already: {each.id}, by {each.asked_by}. NOTHING WAS CHANGED.",
                    NOT_DONE,
                )
        return with_one_more(before, asked, now)

    ordered.change(make)
    typer.echo(ordered.heading())
    typer.echo(
        f"PENDING in {env}: {rule}, for {seconds / 60:g} minutes once it is confirmed. NOTHING IS OPEN YET."
    )
    typer.echo(f"  asked by {_known(who)}: {asked.reason}")
    typer.echo(f"  Somebody else runs, before {belgian_time(expires)}:")
    typer.echo(f"    gateway emergency confirm {asked.id} --env {env}{ordered.option}")
    chosen.record([_record("asked", asked)])


@emergency_commands.command()
def confirm(
    opening: Annotated[str, _WHICH],
    env: Annotated[str, ENV],
    as_: Annotated[str | None, _AS] = None,
    only_here: Annotated[bool, HERE] = False,
    wait: Annotated[bool, WAIT] = False,
    timeout: Annotated[float, TIMEOUT] = 30.0,
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
) -> None:
    """Open what a colleague asked to open. It closes by itself.

    Examples:
        gateway emergency confirm spoed --env prd --wait

    Exit codes:
        0: open
        1: nothing waits, you asked for it yourself, or nothing could be changed
        3: open, but not confirmed by every running gateway (with --wait)
    """
    chosen = ChosenEnvironment.of(config, env)
    ordered = Ordered.at(chosen, OPENINGS, only_here, patience=timeout if wait else None)
    who, now = running_operator(chosen.settings.emergency.operators, as_), ordered.now()

    def opened(asked: Opening) -> Opening:
        _declared(chosen, asked.rule)
        if asked.asked_by == who.name:
            stop(
                f"{who.name} asked for {asked.id}, and cannot confirm it: somebody else has to. NOTHING IS OPEN.",
                NOT_DONE,
            )
        return asked.confirmed(who.name, who.how, now)

    found, confirmed = _changed(ordered, opening, ("pending",), opened, now, live=True)
    typer.echo(ordered.heading())
    typer.echo(f"OPEN in {env}: {found.rule}, until {belgian_time(found.until or 0.0)}")
    typer.echo(f"  asked by {found.asked_by}, confirmed by {_known(who)}: {found.reason}")
    typer.echo(f"  To close it earlier: gateway emergency close {found.id} --env {env}{ordered.option}")
    chosen.record([_record("opened", found)])
    ordered.conclude(confirmed)


@emergency_commands.command()
def close(
    opening: Annotated[str, _WHICH],
    env: Annotated[str, ENV],
    as_: Annotated[str | None, _AS] = None,
    only_here: Annotated[bool, HERE] = False,
    wait: Annotated[bool, WAIT] = False,
    timeout: Annotated[float, TIMEOUT] = 30.0,
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
) -> None:
    """Close an emergency rule at once, or withdraw an opening that waits. One person is enough.

    Examples:
        gateway emergency close spoed --env prd --wait

    Exit codes:
        0: closed
        1: nobody matched: it is not open, or nothing could be changed
        3: closed, but not confirmed by every running gateway (with --wait)
    """
    chosen = ChosenEnvironment.by_settings(config, env)
    ordered = Ordered.at(chosen, OPENINGS, only_here, patience=timeout if wait else None)
    who, now = running_operator(chosen.settings.emergency.operators, as_), ordered.now()

    def closed(standing: Opening) -> Opening:
        return replace(standing, closed=now, closed_by=who.name)

    found, confirmed = _changed(ordered, opening, ("open", "pending"), closed, now, live=False)
    typer.echo(ordered.heading())
    typer.echo(f"CLOSED in {env}: {found.rule} ({found.id}); what only it allowed is cut")
    for each in ordered.beside():
        if each.rule == found.rule and each.state(now) == "open":
            typer.echo(
                f"  STILL OPEN on this machine alone: {each.id}, until {belgian_time(each.until or 0.0)}"
            )
            typer.echo(f"    To close it: gateway emergency close {each.id} --env {env} --only-here")
    chosen.record([_record("closed", found)])
    ordered.conclude(confirmed)


@emergency_commands.command("list")
def list_(
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List the emergency rules, whether they are open, and who opened them lately.

    Examples:
        gateway emergency list --env prd
        gateway emergency list --env prd --json

    Exit codes:
        0: this is all
        1: its settings do not load, or the store or the file of this machine cannot be read

    JSON:
        An object: `environment`, `store`, `config`, `rules` (`rule`, `at_most` seconds), `openings` (with `state` and `where`) and
        `gateways` (`current`, `not_current`).
    """
    chosen = ChosenEnvironment.by_settings(config, env)
    ordered, trouble, now = Ordered.at(chosen, OPENINGS), list[str](), time.time()
    found, confirmed = ordered.read(trouble)
    rules = chosen.rules.emergencies if chosen.rules is not None else {}
    if as_json:
        data = {
            "rules": [{"rule": name, "at_most": seconds} for name, seconds in rules.items()],
            "openings": [{**asdict(each), "state": each.state(now), "where": where} for each, where in found],
            "gateways": confirmed.to_data(),
        }
        typer.echo(json.dumps({**chosen.named(), **data}, indent=2))
    else:
        typer.echo(ordered.heading())
        for name, seconds in rules.items():
            states = [each.state(now) for each, _ in found if each.rule == name]
            state = "OPEN" if "open" in states else "pending" if "pending" in states else "closed"
            typer.echo(f"{name}  {state}, {seconds / 60:g} minutes at most")
        for each, where in found:
            typer.echo(_line(each, where, now))
        if chosen.rules is not None and not rules:
            typer.echo(f"no rule of {env} is an emergency rule (`emergency: {{at_most: 60m}}`)")
        if chosen.shared and not trouble:
            typer.echo(f"{confirmed.words()}.")
    if trouble:
        stop("THIS IS NOT ALL: " + "; ".join(trouble), NOT_DONE)


@emergency_commands.command()
def code() -> None:
    """Make a code for an operator, and its hash for `emergency: operators:`. Run it yourself: nobody else may see your code.

    Examples:
        gateway emergency code

    Exit codes:
        0: made
    """
    plain, hashed = new_code()
    typer.echo(
        f"your code, for you alone: {'-'.join(plain[part : part + 5] for part in range(0, 20, 5))}", err=True
    )
    typer.echo(hashed)


def _declared(chosen: ChosenEnvironment, rule: str) -> float:
    """How many seconds the rule can be open. Ends the command where there is no such emergency rule."""
    rules = chosen.config.rules[chosen.env].emergencies
    if rule not in rules:
        stop(f"{unknown('emergency rule', rule, rules)} in {chosen.env}. NOTHING WAS CHANGED.")
    return rules[rule]


def _changed(
    ordered: Ordered[Opening],
    wanted: str,
    states: Sequence[str],
    change: Callable[[Opening], Opening],
    now: float,
    *,
    live: bool,
) -> tuple[Opening, Confirmation | None]:
    """The opening as it is then, and which gateways report that it is `live`, or is not."""
    made: list[Opening] = []

    def make(before: tuple[Opening, ...]) -> Sequence[Opening]:
        found = _one(before, wanted, states, now, ordered)
        made[:] = [change(found)]
        return [made[0] if each == found else each for each in before]

    confirmed = ordered.change(make, lambda report: (made[0].id in report.get("emergency_open", ())) == live)
    return made[0], confirmed


def _one(
    openings: Sequence[Opening], wanted: str, states: Sequence[str], now: float, ordered: Ordered[Opening]
) -> Opening:
    env = ordered.chosen.env

    def matching(some: Sequence[Opening]) -> list[Opening]:
        return [each for each in some if wanted in (each.id, each.rule) and each.state(now) in states]

    found = matching(openings)
    if not found:
        for each in matching(ordered.beside()):
            stop(
                f"nobody matched: {each.id} is of this machine alone: add --only-here. NOTHING WAS CHANGED.",
                NOT_DONE,
            )
        about = next((each for each in openings if wanted in (each.id, each.rule)), None)
        why = f"{wanted} is {about.state(now)}" if about is not None else f"there is no opening {wanted!r}"
        stop(
            f"nobody matched: {why}: see `gateway emergency list --env {env}`. NOTHING WAS CHANGED.", NOT_DONE
        )
    return found[-1]


def _line(opening: Opening, where: str, now: float) -> str:
    state, only = opening.state(now), "  (only on this machine)" if where != "everywhere" else ""
    people = f"{opening.asked_by}, {opening.confirmed_by or 'not confirmed'}"
    match state:
        case "open":
            when = f"until {belgian_time(opening.until or 0.0)}"
        case "pending":
            when = f"to be confirmed before {belgian_time(opening.expires)}"
        case "expired":
            when = f"not confirmed before {belgian_time(opening.expires)}"
        case _:
            by = f"by {opening.closed_by}" if opening.closed_by else "by itself"
            when = f"{by}, {belgian_time(opening.closed if opening.closed is not None else opening.until or 0.0)}"
    return f"  {opening.id}  {opening.rule} {state} {when} ({people}: {opening.reason}){only}"


def _known(who: Operator) -> str:
    return f"{who.name} (known by {who.how})"


def _record(action: str, opening: Opening) -> Mapping[str, Any]:
    about = {name: value for name, value in asdict(opening).items() if value not in (None, "")}
    return {"kind": "emergency", "action": action, "opening": about.pop("id"), **about}
