"""Reloads a changed configuration in a running gateway.

Rules, rights, policies and tests are replaced as a whole; addresses, keys, stores and everything else that is open in
a running process stays as it is until a restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel

from gateway.config.handling import cannot_go_live
from gateway.config.load import load
from gateway.config.model import Config, EnvironmentSettings
from gateway.config.problems import ConfigError, Problem
from gateway.config.suites import failures
from gateway.files.file_states import Watched, file_states
from gateway.policy.ruleset import claims_of

# What is taken from a changed file at once; of the latter two, the file stays as it is.
_LIVE = frozenset(("rules", "shadow", "emergency", "maintenance"))
# Of a folder that a configuration names, the files that it is read from.
READ_SUFFIXES = frozenset((".py", ".yaml", ".yml"))


@dataclass(frozen=True, slots=True)
class Reloaded:
    """`config` has the new rules and the old settings; `restart` names the changed settings that need a restart.

    `claims` are the extra claims that the new rules use.
    """

    config: Config
    restart: tuple[str, ...]
    claims: frozenset[str]


def checked_config(path: Path, environment: str) -> Config:
    """A configuration that may go live in this environment: it loads, and its tests and invariants hold.

    Raises ConfigError with every problem.
    """
    config = load(path)
    config.environment(environment)
    broken = failures(config, environment)
    if broken:
        raise ConfigError(broken)
    return config


def watched_config(path: Path, environment: str, watched: Iterable[Watched] = ()) -> Config:
    """The same, with the states of its files before they were read: whoever watches them later misses no change.

    `watched` is what to look at. Where that is not known, the configuration is read twice. Raises ConfigError.
    """
    before = frozenset(watched)
    while True:
        seen = file_states(before, READ_SUFFIXES)
        config = checked_config(path, environment)
        if frozenset(config.watched) == before:
            return replace(config, seen=seen)
        before = frozenset(config.watched)


def reload_config(current: Config, environment: str) -> Reloaded:
    """Read the file again. Raises ConfigError with every problem; the current configuration then stays in use."""
    fresh = checked_config(current.path, environment)
    before, after = current.environment(environment), fresh.environment(environment)
    if before.paths.case != after.paths.case:
        words = f"`paths: {{case: {after.paths.case}}}` changes how every rule matches: restart the gateway to take it"
        raise ConfigError([Problem(str(current.path), 1, 1, words)])
    unfit = [
        Problem(*rule.at, f"rule {rule.id!r} {why}: restart the gateway for it")
        for rule in fresh.rules[environment].every
        if (why := cannot_go_live(rule, before, current.identity))
    ]
    if unfit:
        raise ConfigError(unfit)
    live: dict[str, object] = {
        "shadow": after.shadow,
        "emergency": after.emergency.model_copy(update={"file": before.emergency.file}),
        "maintenance": after.maintenance.model_copy(update={"file": before.maintenance.file}),
    }
    kept = {**current.environments, environment: before.model_copy(update=live)}
    taken = replace(fresh, environments=kept, identity=current.identity)
    differing = (
        *_differing(before, after, _LIVE),
        *_other_files(before, after),
        *(f"identity.{name}" for name in _differing(current.identity, fresh.identity)),
    )
    return Reloaded(taken, differing, claims_of(taken.rules[environment]))


def _other_files(before: EnvironmentSettings, after: EnvironmentSettings) -> Iterator[str]:
    for name in ("emergency", "maintenance"):
        if getattr(before, name).file != getattr(after, name).file:
            yield f"{name}.file"


def _differing(old: BaseModel, new: BaseModel, without: Iterable[str] = ()) -> Iterator[str]:
    for name in type(old).model_fields:
        if name in without:
            continue
        before, after = getattr(old, name), getattr(new, name)
        if isinstance(before, BaseModel) and type(before) is type(after):
            yield from (f"{name}.{inner}" for inner in _differing(before, after))
        elif before != after:
            yield name
