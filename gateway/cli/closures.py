"""What keeps a request out for a while, or would let it in: maintenance, and emergency rules that are closed."""

from __future__ import annotations

from math import isfinite
from typing import Any

from gateway.cli.belgian_time import belgian_time
from gateway.config import Config
from gateway.model import DecisionInput
from gateway.policy.evaluate import decide
from gateway.policy.maintenance import MAINTENANCE, Current, snapshot, standing_in_the_way
from gateway.policy.ruleset import RuleSet, with_emergencies


def maintenance_met(config: Config, env: str, decision_input: DecisionInput) -> Current | None:
    """The maintenance that keeps this request out, as the configuration and the files of this machine know it.

    Raises ValueError for a file that cannot be read.
    """
    settings = config.environment(env)
    folds = settings.paths.case == "insensitive"
    file, copy = config.orders_file(env, "maintenance"), config.orders_copy(env, "maintenance")
    ordered = {
        each.id: each for each in (*MAINTENANCE.read_copy(copy, env), *(MAINTENANCE.read(file, env) or ()))
    }
    standing = [
        each.maintenance(config.rights, folds=folds)
        for each in ordered.values()
        if not each.over(decision_input.now)
    ]
    planned = settings.maintenance.planned(config.rights, folds=folds)
    return standing_in_the_way(snapshot((*planned, *standing), decision_input.now).current, decision_input)


def maintenance_words(found: Current) -> str:
    """For operators."""
    since = f" since {belgian_time(found.since)}" if isfinite(found.since) else ""
    until = f" until {belgian_time(found.until)}" if isfinite(found.until) else ", nobody knows until when"
    return (
        f"MAINTENANCE{since}{until} ({found.maintenance.id}, {found.maintenance.where}): this request gets 503, whatever the"
        " rules say. Otherwise:"
    )


def maintenance_data(found: Current | None) -> dict[str, Any] | None:
    """As plain data; moments in seconds since the epoch, None where nobody knows."""
    if found is None:
        return None
    since, until = ((each if isfinite(each) else None) for each in (found.since, found.until))
    return {"id": found.maintenance.id, "where": found.maintenance.where, "since": since, "until": until}


def closed_emergencies(rules: RuleSet, decision_input: DecisionInput) -> list[str]:
    """The emergency rules that would decide this request if they were open."""
    already = {rule.id for rule in rules.rules}
    return [
        name
        for name in rules.emergencies
        if name not in already
        and decide(with_emergencies(rules, {name: "asked"}), decision_input).rule == name
    ]
