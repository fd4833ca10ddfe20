"""Compiles the rules of a file to the rule set of each environment, and collects every problem in them.

Each rule is validated on its own by `RuleSettings`; its policies are then decoded for each environment that has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway import garbage
from gateway.auth.levels import LEVELS
from gateway.config.handling import handling_faults
from gateway.config.includes import rule_lists
from gateway.config.messages import message_for, place_of, problems_of
from gateway.config.model import EnvironmentSettings, IdentitySection
from gateway.config.positions import Place, Positions
from gateway.config.problems import Problem, unknown
from gateway.http_semantics import METHODS
from gateway.model import NOTHING
from gateway.observe.decision_record import PseudonymKeys
from gateway.outgoing.egress import DIRECT
from gateway.plugin import LoadContext, NamedRight, Policy, UnknownName
from gateway.plugin.decode import Decoder, option_names
from gateway.policy.ruleset import Rule, RuleSet, compile_rules
from gateway.policy.settings import MatchSettings, RuleSettings
from gateway.settings import SharedStore


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a list of rules. `settings` is None where it has faults; its policies are checked all the same."""

    place: Place
    settings: RuleSettings | None
    id: Any
    variables: tuple[str, ...]
    require: list[Any]


class RuleLoader:
    """Compiles rules one by one, so that a fault in one does not hide those in others."""

    def __init__(
        self,
        policies: Mapping[str, type[Policy]],
        rights: Mapping[str, NamedRight],
        folder: Path,
        positions: Positions,
        problems: list[Problem],
        identity: IdentitySection | None = None,
        context: Mapping[str, Any] = NOTHING,
    ) -> None:
        self._context = dict(context)
        self._identity = identity
        self._policies = policies
        self._rights = rights
        self._folder = folder
        self._positions = positions
        self._problems = problems

    def load(self, data: Any, environments: Mapping[str, EnvironmentSettings | None]) -> dict[str, RuleSet]:
        """The rule set of each environment; incomplete where there were problems."""
        entries = {
            place: [self._entry(node, (*place, number)) for number, node in enumerate(nodes)]
            for place, nodes in rule_lists(data)
        }
        self._check_methods(entries, environments)
        found: dict[str, RuleSet] = {}
        for name, settings in environments.items():
            own: Place = ("environments", name, "rules")
            rules: list[Rule] = []
            first: dict[str, Place] = {}
            for place in ((*own, "before"), ("rules",), (*own, "after")):
                for entry in entries.get(place, ()):
                    self._check_id(entry, first)
                    rule = self._rule(entry, name, settings)
                    if rule is not None:
                        rules.append(rule)
            found[name] = compile_rules(rules, self._rights, folds=_folds(settings))
        pieces: list[Any] = [*entries.values(), *(entry for listed in entries.values() for entry in listed)]
        entries.clear()
        garbage.drop(pieces)
        return found

    def _entry(self, node: Any, place: Place) -> _Entry:
        try:
            settings = RuleSettings.model_validate(node, context=self._context)
        except ValidationError as fault:
            self._problems.extend(problems_of(fault, RuleSettings, self._positions, place))
            if not isinstance(node, dict):
                return _Entry(place, None, None, (), [])
            require = node.get("require")
            listed = require if isinstance(require, list) else []
            return _Entry(place, None, node.get("id"), _variables(node.get("match")), listed)
        return _Entry(place, settings, settings.id, settings.match.pattern.variables, settings.require)

    def _check_methods(
        self, entries: Mapping[Place, list[_Entry]], environments: Mapping[str, EnvironmentSettings | None]
    ) -> None:
        """Report methods that no environment with the rule accepts."""
        for place, listed in entries.items():
            where = [environments.get(str(place[1]))] if len(place) > 1 else [*environments.values()]
            if None in where:
                continue
            accepted = {
                *METHODS,
                *(method for each in where if each is not None for method in each.edge.methods),
            }
            for entry in listed:
                for number, method in enumerate((entry.settings and entry.settings.match.methods) or ()):
                    if method not in accepted:
                        words = f"no environment with this rule accepts {method}: add it to `edge.methods`"
                        self._report((*entry.place, "match", "methods", number), words)

    def _check_id(self, entry: _Entry, first: dict[str, Place]) -> None:
        """Report an id that an earlier entry has; `first` holds the place of each id of this environment."""
        if not isinstance(entry.id, str) or first.setdefault(entry.id, entry.place) == entry.place:
            return
        here, there = (
            self._positions.problem((*place, "id"), "") for place in (entry.place, first[entry.id])
        )
        if (there.file, there.line, there.column) == (here.file, here.line, here.column):
            self._report(
                (*entry.place, "id"),
                _twice(entry, first[entry.id], included=here.file != self._positions.file),
            )
            return
        where = f"line {there.line}" if there.file == here.file else f"{there.file}:{there.line}"
        self._report((*entry.place, "id"), f"the id {entry.id!r} is used twice, first at {where}")

    def _rule(self, entry: _Entry, environment: str, settings: EnvironmentSettings | None) -> Rule | None:
        context = LoadContext(
            rights=self._rights,
            variables=entry.variables,
            rule=str(entry.id),
            folder=self._folder,
            levels=settings.provider.levels if settings is not None else LEVELS,
            shared_store=_shared_store(environment, settings),
            egress=settings.egress if settings is not None else DIRECT,
            pseudonyms=PseudonymKeys(settings.ring("pseudonyms"), environment)
            if settings is not None
            else None,
        )
        decoder = Decoder(self._policies, context, self._fault)
        decoded = [
            decoder.policy(node, (*entry.place, "require", number))
            # Without policies every name would be unknown.
            for number, node in enumerate(entry.require if self._policies else ())
        ]
        if entry.settings is None:
            return None
        for below, message in handling_faults(entry.settings, environment, settings, self._identity):
            self._report(place_of((*entry.place, *below), self._positions), message)
        if _folds(settings) and not self._can_fold(entry.settings.match, (*entry.place, "match")):
            return None
        start = self._positions.problem(entry.place, "")
        require = tuple(policy for policy in decoded if policy is not None)
        return entry.settings.rule(require, (start.file, start.line, start.column))

    def _can_fold(self, match: MatchSettings, place: Place) -> bool:
        try:
            match.pattern.folding()
        except ValueError as problem:
            self._report((*place, "path" if match.path is not None else "regex"), str(problem))
            return False
        return True

    def _fault(self, place: Place, fault: Any) -> None:
        if isinstance(fault, UnknownName):
            self._report(place, unknown(fault.what, fault.name, fault.known))
        elif isinstance(fault, ValueError):
            self._report(place, str(fault))
        elif fault["type"] == "too_short" and fault["input"]:
            pass  # its items have faults, which are reported themselves
        elif fault["type"] == "extra_forbidden":
            cls = self._policies.get(str(place[-2])) if len(place) > 1 else None
            known = option_names(cls) if cls is not None else ()
            self._report(place, unknown("option", place[-1], known), at_key=True)
        else:
            self._report(place_of(place, self._positions), message_for(fault))

    def _report(self, place: Place, message: str, *, at_key: bool = False) -> None:
        self._problems.append(self._positions.problem(place, message, at_key=at_key))


def _twice(entry: _Entry, first: Place, *, included: bool) -> str:
    """How a rule that is written once came to be there twice."""
    lists = [".".join(map(str, place[:-1])) for place in (first, entry.place)]
    if included and lists[0] != lists[1]:
        return (
            f"the rule {entry.id!r} is there twice: its file is included in `{lists[0]}` and in `{lists[1]}`"
        )
    return f"the rule {entry.id!r} is there twice by an alias (*): write out the other rule, with an id of its own"


def _variables(match: Any) -> tuple[str, ...]:
    """The path variables of a rule that has faults, as far as its pattern can be read."""
    key = next((key for key in ("path", "regex") if isinstance(match, dict) and key in match), None)
    if key is None:
        return ()
    try:
        return MatchSettings.model_validate({key: match[key]}).pattern.variables
    except ValidationError:
        return ()


def _folds(settings: EnvironmentSettings | None) -> bool:
    return settings is not None and settings.paths.case == "insensitive"


def _shared_store(environment: str, settings: EnvironmentSettings | None) -> SharedStore | None:
    return settings.session.shared(f"{{toegangspoort:{environment}}}:rate") if settings is not None else None
