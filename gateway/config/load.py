"""Loads a configuration file: a Config, or every problem in it at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway import garbage
from gateway.analysis.suite import Suite
from gateway.config.cards import card_problems
from gateway.config.headers import header_problems
from gateway.config.includes import Files, Includes
from gateway.config.lock import lock_problems
from gateway.config.maintenance import maintenance_problems
from gateway.config.messages import EMPTY, problems_of
from gateway.config.model import Config, Document
from gateway.config.pages import page_problems, reading_context
from gateway.config.positions import Place, Positions, read_yaml
from gateway.config.problems import ConfigError, Problem
from gateway.config.rules import RuleLoader
from gateway.config.stand_ins import repaired_document
from gateway.config.suites import SuiteLoader
from gateway.plugin import NamedRight, Policy
from gateway.plugin.discovery import find_policies, policy_code, source_folder
from gateway.policy.ruleset import At


@garbage.paused()
def load(path: Path) -> Config:
    """Read and check a configuration file. Nothing is started or opened, and no secret is kept.

    Raises ConfigError with every problem.
    """
    source = read_source(path)
    config, pieces = source.config, [*_pieces(source.data), *source.positions.pieces()]
    del source
    garbage.drop(pieces)
    return config


def _pieces(data: Any) -> Iterator[Any]:
    """The parts of plain data that have parts, outer ones first."""
    if isinstance(data, (dict, list)):
        yield data
        for part in data.values() if isinstance(data, dict) else data:
            yield from _pieces(part)


@dataclass(frozen=True, slots=True)
class Source:
    """A configuration and what it was made of: the data as it is written, with included rules, and its positions."""

    config: Config
    document: Document
    data: Any
    positions: Positions

    def at(self, place: Place, *, at_key: bool = True) -> At:
        """The file, line and column of the key at this place, or of its value."""
        found = self.positions.problem(place, "", at_key=at_key)
        return found.file, found.line, found.column


@garbage.paused()
def read_source(path: Path, files: Files | None = None, *, folder: Path | None = None) -> Source:
    """Like `load`, with what the configuration was made of. `files` reads them from elsewhere than the disk.

    For a copy in another place, `folder` is the one of the original: secrets, policies and pages are looked for there.
    """
    files = files or Files()
    problems: list[Problem] = []
    data, positions = read_yaml(files.read(path, str(path)), str(path), problems)
    first = frozenset(problems)
    refused = {(each.file, each.line) for each in first}
    folder = folder or path.absolute().parent
    includes = Includes(path, problems, files)
    includes.fill_in(data, positions)
    context = reading_context(data, folder, positions, problems)
    document, sound = _document(data, context, positions, problems)
    policies = _policies(data, folder, positions, problems)
    code = policy_code(policies.values())
    rights = _rights(document, data)
    environments = document.environments if document is not None else dict.fromkeys(_names(data))
    identity = document.identity if document is not None else None
    rules = RuleLoader(policies, rights, folder, positions, problems, identity, context).load(
        data, environments
    )
    suites: dict[str, Suite] = {}
    if sound is not None:
        problems.extend(lock_problems(sound.environments, positions))
        problems.extend(card_problems(sound, positions))
        problems.extend(header_problems(sound, positions))
        problems.extend(page_problems(sound, positions))
        problems.extend(maintenance_problems(sound, positions))
        suites = SuiteLoader(sound, rights, rules, positions, problems).compile()
    if problems or document is None:
        # Why these lists are empty is told itself.
        told = {positions.problem(place, EMPTY) for place in includes.emptied}
        problems = [each for each in problems if each not in told]
        # What else is wrong on a line of which something was refused comes of that.
        raise ConfigError(each for each in problems if each in first or (each.file, each.line) not in refused)
    config = Config(
        path,
        document.environments,
        document.identity,
        rights,
        policies,
        rules,
        suites,
        document.people,
        document.languages,
        document.pages,
        tuple(includes.files),
        (path, *includes.files, *_folders(includes.files[1:], document.plugins, folder), *includes.patterns),
        code,
    )
    return Source(config, document, data, positions)


def _folders(included: Iterable[Path], plugins: Iterable[str], folder: Path) -> set[Path]:
    """The folders where a new file changes the configuration: those of included files and of policy modules."""
    places = (source_folder(place, folder) for place in plugins)
    return {file.parent for file in included} | {place for place in places if place is not None}


def _document(
    data: Any, context: Mapping[str, Any], positions: Positions, problems: list[Problem]
) -> tuple[Document | None, Document | None]:
    """The document, and for the checks of the whole file the same, or one without the faults that were found."""
    if not isinstance(data, dict):
        problems.append(positions.problem((), "the file must have keys: version, environments, rules"))
        return None, None
    try:
        document = Document.model_validate(data, context=context)
    except ValidationError as fault:
        sound, later = repaired_document(data, fault, context, positions)
        problems.extend(problems_of(fault, Document, positions))
        problems.extend(later)
        return None, sound
    return document, document


def _names(data: Any) -> list[str]:
    """The names of the environments in a file with faults; a placeholder where there are none."""
    written = data.get("environments") if isinstance(data, dict) else None
    return list(written) if isinstance(written, dict) and written else [""]


def _policies(
    data: Any, folder: Path, positions: Positions, problems: list[Problem]
) -> dict[str, type[Policy]]:
    sources = data.get("plugins", []) if isinstance(data, dict) else []
    if not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        return {}
    found, faults = find_policies(sources, folder)
    for fault in faults:
        problems.append(positions.problem(("plugins", sources.index(fault.source)), str(fault)))
    return {} if faults else dict(found)


def _rights(document: Document | None, data: Any) -> dict[str, NamedRight]:
    if document is not None:
        return {key: right.named(key) for key, right in document.rights.items()}
    # The file has faults elsewhere; the names are enough to check the rules.
    written = data.get("rights") if isinstance(data, dict) else None
    return {key: NamedRight(key, key, None) for key in written} if isinstance(written, dict) else {}
