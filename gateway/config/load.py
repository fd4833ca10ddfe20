"""From a file to a Config, or to every problem in it at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.api import NamedRight, Policy, UnknownName
from gateway.config.lock import lock_problems
from gateway.config.model import Config, Document
from gateway.config.positions import Place, Positions, read_yaml
from gateway.config.problems import ConfigError, Problem, unknown
from gateway.config.suites import Suites
from gateway.config.words import words_for
from gateway.policy.decode import Decoder
from gateway.policy.pattern import Pattern, parse_pattern
from gateway.policy.plugins import PluginError, load_policies
from gateway.policy.ruleset import Rule, RuleSet, compile_rules


def load(path: Path) -> Config:
    """Read and check a configuration file. Nothing is started or opened, and no secret is kept.

    Raises ConfigError with every problem: file, line, column, and what to write instead.
    """
    try:
        text = path.read_bytes()
    except OSError as problem:
        raise ConfigError([Problem(str(path), 1, 1, f"cannot read it: {problem.strerror}")]) from problem
    data, positions = read_yaml(text, str(path))
    folder = path.resolve().parent
    problems: list[Problem] = []
    document = _document(data, folder, positions, problems)
    policies = _policies(data, folder, positions, problems)
    rights = _rights(document, data)
    rules = _Rules(policies, rights, positions, problems).compile(data)
    if document is not None:
        problems.extend(lock_problems(document.environments, positions))
    if document is None:
        raise ConfigError(problems)
    in_force = dict.fromkeys(document.environments, rules)
    suites = Suites(document, rights, in_force, positions, problems).compile()
    if problems:
        raise ConfigError(problems)
    return Config(path, document.environments, document.identity, rights, policies, in_force, suites)


def _document(data: Any, folder: Path, positions: Positions, problems: list[Problem]) -> Document | None:
    if not isinstance(data, dict):
        problems.append(positions.problem((), "the file holds keys: version, plugins, environments, rules"))
        return None
    try:
        return Document.model_validate(data, context={"folder": folder})
    except ValidationError as problem:
        for error in problem.errors():
            if error["type"] == "too_short" and error["input"]:
                continue  # what is in it was told already
            place = _place(error["loc"], positions)
            at_key = error["type"] == "extra_forbidden"
            problems.append(positions.problem(place, words_for(error, Document), at_key=at_key))
    return None


def _place(loc: tuple[str | int, ...], positions: Positions) -> Place:
    """The place in the file that an error means: without the tags of unions that the library puts in between."""
    place: Place = ()
    for step in loc:
        if positions.known((*place, step)):
            place = (*place, step)
    return place


def _policies(
    data: Any, folder: Path, positions: Positions, problems: list[Problem]
) -> dict[str, type[Policy]]:
    places = data.get("plugins") if isinstance(data, dict) else None
    found: dict[str, type[Policy]] = {}
    if not isinstance(places, list) or not all(isinstance(place, str) for place in places):
        return found
    try:
        found.update(load_policies(places, folder))
    except PluginError as problem:
        problems.append(positions.problem(("plugins", places.index(problem.place)), str(problem)))
    return found


def _rights(document: Document | None, data: Any) -> dict[str, NamedRight]:
    if document is not None:
        return {key: right.named(key) for key, right in document.rights.items()}
    # The file has faults elsewhere: the names are enough to find those in the rules as well.
    written = data.get("rights") if isinstance(data, dict) else None
    return {key: NamedRight(key, key, None) for key in written} if isinstance(written, dict) else {}


class _Rules:
    """The rules, decoded one by one, so that a fault in one does not hide those in others."""

    def __init__(
        self,
        policies: dict[str, type[Policy]],
        rights: dict[str, NamedRight],
        positions: Positions,
        problems: list[Problem],
    ) -> None:
        self._policies = policies
        self._rights = rights
        self._positions = positions
        self._problems = problems

    def compile(self, data: Any) -> RuleSet:
        """The rule set; incomplete where there were problems."""
        written = data.get("rules") if isinstance(data, dict) else None
        rules: list[Rule] = []
        first: dict[str, int] = {}
        for number, node in enumerate(written if isinstance(written, list) else []):
            name = node.get("id") if isinstance(node, dict) else None
            if isinstance(name, str) and first.setdefault(name, number) != number:
                line = self._positions.problem(("rules", first[name], "id"), "").line
                self._tell(("rules", number, "id"), f"the id {name!r} stands twice, first at line {line}")
            rule = self._rule(node, ("rules", number))
            if rule is not None:
                rules.append(rule)
        return compile_rules(rules, self._rights)

    def _rule(self, node: Any, place: Place) -> Rule | None:
        if not isinstance(node, dict):
            return None
        written = node.get("match")
        match: dict[str, Any] = written if isinstance(written, dict) else {}
        pattern = self._pattern(match.get("path"), (*place, "match", "path"))
        require = node.get("require")
        context = {"rights": self._rights, "variables": pattern.variables if pattern else ()}
        decoder = Decoder(self._policies, context, self._fault)
        nodes = require if isinstance(require, list) and self._policies else []
        decoded = [decoder.policy(item, (*place, "require", number)) for number, item in enumerate(nodes)]
        ready = [policy for policy in decoded if policy is not None]
        if pattern is None or not isinstance(node.get("id"), str):
            return None
        methods, hosts = match.get("methods"), match.get("hosts")
        covered = frozenset(methods) if isinstance(methods, list) and _texts(methods) else None
        if covered is not None and "GET" in covered:
            covered |= {"HEAD"}
        named = frozenset(hosts) if isinstance(hosts, list) and _texts(hosts) else None
        return Rule(node["id"], pattern, covered, named, tuple(ready))

    def _pattern(self, text: Any, place: Place) -> Pattern | None:
        if not isinstance(text, str):
            return None
        try:
            return parse_pattern(text)
        except ValueError as problem:
            self._tell(place, str(problem))
        return None

    def _fault(self, place: Place, fault: Any) -> None:
        if isinstance(fault, UnknownName):
            self._tell(place, unknown(fault.what, fault.name, fault.known))
        elif isinstance(fault, ValueError):
            self._tell(place, str(fault))
        else:
            known: tuple[str, ...] = ()
            if fault["type"] == "extra_forbidden":
                cls = self._policies.get(str(place[-2])) if len(place) > 1 else None
                known = tuple(cls.model_fields) if cls is not None else ()
                self._tell(place, unknown("option", place[-1], known), at_key=True)
                return
            self._tell(_place(place, self._positions), words_for(fault))

    def _tell(self, place: Place, message: str, *, at_key: bool = False) -> None:
        self._problems.append(self._positions.problem(place, message, at_key=at_key))


def _texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
