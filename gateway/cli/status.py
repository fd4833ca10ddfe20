"""`gateway status`: which gateways share a session store, and whether they run the same version, rules and settings."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateway.cli.belgian_time import belgian_time
from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.exit import NOT_DONE, stop
from gateway.cli.options import CONFIG, ENV, JSON
from gateway.cli.output import counted
from gateway.config.fingerprint import fingerprint
from gateway.fleet.comparison import ALIKE, CLOCK, difference_words, fleet_differences, fleet_report
from gateway.session.sessions import Sessions

# Within this the clocks of two machines may differ.
_LATE: Final = 5.0
_SHOWN: Final = ("host", "pid", *ALIKE, "since", "at", CLOCK)


def status(
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show the workers of all gateways that share the session store, with version, rules, the code of policies of your own, and
    settings (as short hashes).

    The line `this configuration` is about the files that this command reads, and names what of them is NOT IN FORCE in every
    worker: rules that were refused or not read yet, settings that wait for a restart. Clocks are compared with that of the store.

    Examples:
        gateway status --env prd
        gateway status --env prd --json

    Exit codes:
        0: at least one worker runs, and all are alike, also where this configuration is not in force
        1: workers differ, none runs, its settings do not load, or the store cannot be read

    JSON:
        An object: `environment`, `store`, `config`, `replica` (whether the store is one, which may be behind), `here` and
        `workers` (each with `version`, `rules`, `policies`, `settings`; of workers also `host`, `pid`, `since`, `at`,
        `clock_ahead`; `rules` and `policies` of `here` are null where they do not load), `differences`.
    """
    chosen = ChosenEnvironment.by_settings(config, env)
    here = _here(chosen)
    workers, replica = chosen.with_store(_found, only_reads=True)
    differing = fleet_differences(workers)
    if as_json:
        data = {"replica": replica, "here": here, "workers": workers, "differences": differing}
        typer.echo(json.dumps({**chosen.named(), **data}, indent=2))
    else:
        typer.echo("\n".join([chosen.heading(), *_lines(workers, here)]))
    if differing:
        stop("DIFFERENT: " + "\n  ".join(difference_words(differing)), NOT_DONE)
    if not workers:
        stop("no gateway that runs reports to this session store", NOT_DONE)


def _here(chosen: ChosenEnvironment) -> Mapping[str, str | None]:
    """What a worker with these files would report; None for rules and policies that do not load."""
    rules, settings = chosen.rules, fingerprint(chosen.settings)
    if rules is None:
        return {**fleet_report("", "", settings), "rules": None, "policies": None}
    return fleet_report(rules.hash, chosen.config.policy_code, settings)


async def _found(sessions: Sessions) -> tuple[list[dict[str, Any]], bool]:
    reports = await sessions.board.reports()
    workers = [{name: each[name] for name in _SHOWN if name in each} for each in reports.values() if each]
    workers.sort(key=lambda each: (str(each["host"]), each["pid"]))
    return workers, await sessions.store.replica()


def _lines(workers: Sequence[Mapping[str, Any]], here: Mapping[str, str | None]) -> list[str]:
    now = time.time()
    lines = [
        f"  {each['host']} worker {each['pid']}: {_hashes(each)}, since {belgian_time(each['since'])},"
        f" {_heard(now - each['at'])}{_clock(each.get(CLOCK))}"
        for each in workers
    ]
    other = [name for name in ALIKE if any(each.get(name, here[name]) != here[name] for each in workers)]
    force = f"; NOT IN FORCE in every worker: {', '.join(other)}" if other else ""
    return [*lines, f"  this configuration: {_hashes(here)}{force}", f"  {counted(len(workers), 'worker')}."]


def _hashes(each: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {each.get(name, 'not reported') or 'do not load'}" for name in ALIKE)


def _heard(ago: float) -> str:
    if ago < -_LATE:
        return f"heard {-ago:.0f} s in the future: its clock is ahead, or was when it died"
    return f"heard {max(0.0, ago):.0f} s ago"


def _clock(ahead: float | None) -> str:
    return f", clock {ahead:+.1f} s" if ahead is not None else ""
