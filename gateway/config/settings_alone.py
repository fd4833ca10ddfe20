"""The settings of an environment in a file that does not load: for commands that need no rules, such as orders to gateways that run."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from gateway.config.cards import card_problems
from gateway.config.includes import read_file
from gateway.config.lock import lock_problems
from gateway.config.maintenance import maintenance_problems
from gateway.config.messages import place_of
from gateway.config.model import Config, Document
from gateway.config.pages import reading_context
from gateway.config.positions import Place, Positions, read_yaml
from gateway.config.problems import ConfigError, Problem
from gateway.config.stand_ins import repaired_document


def settings_alone(path: Path, environment: str | None) -> Config | None:
    """The configuration without rules, policies and tests. None where its own settings have a fault.

    That is so where this environment (without a name, any of them) is not there or has a fault, and where the file is not
    YAML, has a key twice, or is of another version: what it says would be a guess.
    """
    problems: list[Problem] = []
    try:
        data, positions = read_yaml(read_file(path, str(path)), str(path))
        if not isinstance(data, dict):
            return None
        context = reading_context(data, path.absolute().parent, positions, problems)
    except ConfigError:
        return None
    document: Document | None
    try:
        document = Document.model_validate(data, context=context)
    except ValidationError as fault:
        if any(_is_own(place_of(each["loc"], positions), environment) for each in fault.errors()):
            return None
        document, later = repaired_document(data, fault, context, positions)
        problems.extend(later)
    if document is None or problems or _lock_or_plan_is_broken(document, positions):
        return None
    if environment is not None and environment not in document.environments:
        return None
    return Config(
        path,
        document.environments,
        document.identity,
        {key: right.named(key) for key, right in document.rights.items()},
        policies={},
        rules={},
        suites={},
        people=document.people,
        languages=document.languages,
        pages=document.pages,
        files=(path,),
        watched=(path,),
    )


def _lock_or_plan_is_broken(document: Document, positions: Positions) -> bool:
    """Whether environments share something, so that a command could act on another one, or a maintenance has a fault."""
    return any(
        (
            *lock_problems(document.environments, positions),
            *card_problems(document, positions),
            *maintenance_problems(document, positions),
        )
    )


def _is_own(place: Place, environment: str | None) -> bool:
    """Whether a fault here is about the settings of this environment, or about how the whole file is read."""
    if place[:1] == ("environments",):
        return environment is None or len(place) == 1 or place[1] == environment
    return place in ((), ("version",))
