"""`gateway config promote`: carries over to one environment what another one has proven."""

from __future__ import annotations

import getpass
import socket
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.analysis.diff import Side, compare
from gateway.analysis.diff_report import as_text
from gateway.analysis.opened import opening_changes
from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.exit import NOT_DONE, stop
from gateway.cli.loading import problems_printed, try_plugins
from gateway.cli.output import counted
from gateway.config import Config, ConfigError
from gateway.config.load import read_source
from gateway.config.problems import unknown
from gateway.config.recognition import recognition_changes
from gateway.edge.authority import host_names
from gateway.files.real_path import real_path
from gateway.files.reason import may_be_there
from gateway.promotion.difference import Part
from gateway.promotion.evidence import Counted, PromotionEvidence, Threshold
from gateway.promotion.plan import PARTS, PromotionPlan, plan_text
from gateway.promotion.side import PromotionSide
from gateway.promotion.trial import PromotionTrial
from gateway.promotion.write import unified_diff, write_files, write_obstacles

NOTHING = 4
_JOURNAL = "promotions.jsonl"
_FROM = typer.Option("--from", help="The environment that has proven it: ti.")
_TO = typer.Option("--to", help="The environment that gets it: prd.")
_CONFIG = typer.Option(help="The file of --from.", readable=False)
_INTO = typer.Option(help="The file of --to, where each environment has its own.", readable=False)
_ONLY = typer.Option(help=f"Only these parts, with commas: {', '.join(PARTS)}. Default: all.")
_RULE = typer.Option(
    help="Also this rule of --from alone (under `environments:`), by id; `all` for each of them. May be repeated."
)
_RECORDS = typer.Option(
    help="A file with decision records of --to, also compressed (.gz). May be repeated. Default: where its gateway"
    " on this machine writes them."
)
_WITHOUT = typer.Option("--without-records", help="Promote rules without records to try them on.")
_THRESHOLD = typer.Option(
    help="How many of the recorded requests the new rules may decide differently, as a share or a number: of the"
    " replay, and of the shadow report where --to compared these very rules."
)
_REASON = typer.Option(help="Why; it is recorded.")
_BY = typer.Option(help="Who promotes; it is recorded. Default: the user.")
_YES = typer.Option("--yes", help="Don't ask, in pipelines. Needs --by.")
_DRY = typer.Option("--dry-run", help="Write nothing; print the change to the files.")


def promote(
    from_: Annotated[str, _FROM],
    to: Annotated[str, _TO],
    config: Annotated[Path, _CONFIG] = Path("config.yaml"),
    into: Annotated[Path | None, _INTO] = None,
    only: Annotated[str, _ONLY] = "",
    rule: Annotated[list[str] | None, _RULE] = None,
    records: Annotated[list[str] | None, _RECORDS] = None,
    without_records: Annotated[bool, _WITHOUT] = False,
    threshold: Annotated[str, _THRESHOLD] = "0.1%",
    reason: Annotated[str, _REASON] = "",
    by: Annotated[str, _BY] = "",
    yes: Annotated[bool, _YES] = False,
    dry_run: Annotated[bool, _DRY] = False,
) -> None:
    """Show what differs between two environments, try it on the tests and records of the one that gets it, ask, and write
    it, with comments kept.

    What belongs to an environment stays: addresses, provider, keys, store, upstream, and what `not_promoted` names.
    Who promoted what and why is added to promotions.jsonl beside the file, and to the decision records.

    Examples:
        gateway config promote --from ti --to prd --dry-run
        gateway config promote --from ti --to prd --reason "change 4711" --config ti/config.yaml --into prd/config.yaml

    Exit codes:
        0: promoted (with --dry-run: it could be)
        1: refused, nothing was written
        4: there is nothing to promote
    """
    if yes and not by.strip():
        stop("--yes needs --by: say who promotes")
    if not dry_run and not reason.strip():
        stop("say why, with --reason")
    limit, parts = _limits(threshold, only)
    plan = _plan(config, from_, into or config, to, parts, rule or ())
    _say_plan(plan)
    trial = _tried(plan)
    assert trial.source is not None
    after = trial.source.config
    refused = _judged(plan, after, _records(plan, records), limit, without_records=without_records)
    if dry_run:
        typer.echo(unified_diff(plan.files), nl=False)
    else:
        refused += write_obstacles(plan.files, plan.target.folder)
    for words in refused:
        typer.echo(f"REFUSED: {words}", err=True)
    if refused or dry_run:
        typer.echo("Nothing was written.", err=True)
        raise typer.Exit(NOT_DONE if refused else 0)
    if not yes:
        _ask(plan)
    _write(plan, after, by.strip() or getpass.getuser(), reason.strip())


def _limits(threshold: str, only: str) -> tuple[Threshold, Sequence[Part]]:
    wanted = [each.strip() for each in only.split(",") if each.strip()]
    for each in wanted:
        if each not in PARTS:
            stop(unknown("part", each, PARTS))
    try:
        limit = Threshold.parse(threshold)
    except ValueError as problem:
        stop(str(problem))
    return limit, [each for each in PARTS if each in wanted or not wanted]


def _plan(
    config: Path, from_: str, into: Path, to: str, parts: Sequence[Part], rules: Collection[str]
) -> PromotionPlan:
    if from_ == to and real_path(config) == real_path(into):
        stop("--from and --to are the same environment")
    with problems_printed():
        for path in dict.fromkeys((config, into)):
            try_plugins(path)
        sources = [read_source(path) for path in (config, into)]
    try:
        for source, name in zip(sources, (from_, to), strict=True):
            source.config.environment(name)
    except ConfigError as problem:
        stop(f"{problem}; --config names the file of --from, --into that of --to")
    return PromotionPlan.of(PromotionSide(sources[0], from_), PromotionSide(sources[1], to), parts, rules)


def _say_plan(plan: PromotionPlan) -> None:
    typer.echo(f"{plan.source.name} ({plan.source.path}) -> {plan.target.name} ({plan.target.path})")
    for line in plan_text(plan):
        typer.echo(line)
    for words in plan.conflicts:
        typer.echo(f"CONFLICT: {words}", err=True)
    if plan.conflicts:
        stop("Nothing was written.", NOT_DONE)
    if links := list(write_obstacles(dict.fromkeys(plan.target.links), plan.target.folder)):
        stop("\n".join((*links, "Nothing was written.")), NOT_DONE)
    if not plan.changes:
        stop("There is nothing to promote.", NOTHING)
    if not plan.files:
        stop("Both environments read the same files: what differs goes live with them.", NOTHING)


def _tried(plan: PromotionPlan) -> PromotionTrial:
    trial = PromotionTrial(plan)
    for words in trial.problems:
        typer.echo(words, err=True)
    if trial.problems or trial.source is None:
        stop(
            f"{counted(len(trial.problems), 'problem')} in {plan.target.name} as it would be. Nothing was written.",
            NOT_DONE,
        )
    suite = trial.source.config.suites[plan.target.name]
    typer.echo(
        f"tests: {len(suite.cases)} tests and {len(suite.invariants)} never hold in {plan.target.name}"
    )
    for words in trial.warnings():
        typer.echo(f"new warning: {words}")
    return trial


def _judged(
    plan: PromotionPlan, after: Config, places: Sequence[str], limit: Threshold, *, without_records: bool
) -> list[str]:
    """Show what the change means to people; why it is refused."""
    before, name = plan.target.source.config, plan.target.name
    old, new = (
        Side(each.rules[name], host_names(each.environments[name].public_url)[0]) for each in (before, after)
    )
    openings = opening_changes(
        old.rules, new.rules, *(each.environments[name].paths.names for each in (before, after))
    )
    lines = [*as_text(compare(old, new)), *openings, *recognition_changes(before, name, after, name)]
    typer.echo(
        "\n".join(["diff:", *(f"  {line}" for line in lines)])
        if lines
        else "diff: nobody gains or loses anything"
    )
    if old.rules.hash == new.rules.hash:
        return []
    if not places:
        words = f"there are no decision records of {name} here to try the rules on: name them with --records, or promote"
        return [] if without_records else [f"{words} --without-records"]
    evidence = PromotionEvidence(new.rules, name)
    try:
        evidence.read(places)
    except OSError as problem:
        return [f"cannot read the records: {problem}"]
    if evidence.strange:
        return [
            f"{counted(evidence.strange, 'record')} in {', '.join(places)} are of another environment than {name}"
        ]
    found = list(evidence.counted())
    refused = list(_over(found, limit))
    if not any(each.decided for each in found) and not without_records:
        words = f"none of the requests recorded in {', '.join(places)} could be decided again"
        refused.append(f"{words}: name other records with --records, or promote --without-records")
    return refused


def _over(found: Iterable[Counted], limit: Threshold) -> Iterator[str]:
    for each in found:
        typer.echo(each.words())
        for line in (*each.examples, *each.untold):
            typer.echo(f"  {line}")
        if limit.exceeded(each.different, each.decided):
            yield f"{each.words()}, more than the threshold of {limit.words} (--threshold)"


def _records(plan: PromotionPlan, given: Sequence[str] | None) -> Sequence[str]:
    path = plan.target.settings.observe.records.path
    return list(given) if given else [str(path)] if path is not None and may_be_there(path) else []


def _ask(plan: PromotionPlan) -> None:
    name = plan.target.name
    typer.echo(f"Type {name} to write this to {', '.join(map(str, plan.files))}: ", nl=False)
    if sys.stdin.readline().strip() != name:
        stop("\nNot confirmed. Nothing was written.", NOT_DONE)


def _write(plan: PromotionPlan, after: Config, by: str, reason: str) -> None:
    target, name = plan.target, plan.target.name
    entry = _entry(plan, after, by, reason)
    known = {target.path: target.main.octets} | {
        target.folder / place: written.octets for place, written in target.included.items()
    }
    journal = target.folder / _JOURNAL
    try:
        write_files(
            plan.files, known, journal, {"time": datetime.now(UTC).isoformat(timespec="seconds"), **entry}
        )
    except ValueError as problem:
        stop(f"{problem}. Nothing was written.", NOT_DONE)
    typer.echo(
        f"PROMOTED {counted(len(plan.changes), 'change')} from {plan.source.name} to {name}; noted in {journal}"
    )
    if any(each.part == "settings" or each.name.startswith("identity") for each in plan.changes):
        typer.echo(
            f"  Settings take effect when the gateways of {name} start again; rules go live by themselves."
        )
    records = target.settings.observe.records.path
    if records is not None and may_be_there(records):
        ChosenEnvironment(after, name).record([{"kind": "promotion", **entry}])


def _entry(plan: PromotionPlan, after: Config, by: str, reason: str) -> Mapping[str, Any]:
    before = plan.target.source.config
    return {
        "from": plan.source.name,
        "to": plan.target.name,
        "by": by,
        "user": f"{getpass.getuser()}@{socket.gethostname()}",
        "reason": reason,
        "before": before.rules[plan.target.name].hash,
        "rules": after.rules[plan.target.name].hash,
        "changes": [f"{each.how} {each.name}" for each in plan.changes],
        "files": [str(path) for path in plan.files],
        "at": time.time(),
    }
