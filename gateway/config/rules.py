"""From the rules as they are written to the rule set of each environment, or to every problem in them at once.

It knows which rules are whose and in which order; what a policy's options mean is decided where policies are decoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.auth.levels import LEVELS
from gateway.config.model import EnvironmentSettings
from gateway.config.positions import Place, Positions
from gateway.config.problems import Problem, unknown
from gateway.config.words import place_of, words_for
from gateway.plugin import LoadContext, NamedRight, Policy, UnknownName
from gateway.plugin.decode import Decoder, option_names
from gateway.policy.pattern import Pattern, parse_pattern, parse_regex
from gateway.policy.ruleset import Rule, RuleSet, compile_rules
from gateway.settings import SharedStore


@dataclass(frozen=True, slots=True)
class Written:
    """The rules of a file as plain data: those of everybody, and of each environment those before and after them."""

    shared: list[Any]
    before: Mapping[str, list[Any]]
    after: Mapping[str, list[Any]]

    @classmethod
    def of(cls, data: Any) -> Written:
        """What is there of them; what is not even a list is told elsewhere."""
        document = _block(data)
        environments = _block(document.get("environments"))
        own = {str(name): _block(_block(settings).get("rules")) for name, settings in environments.items()}
        return cls(
            _list(document.get("rules")),
            {name: _list(rules.get("before")) for name, rules in own.items()},
            {name: _list(rules.get("after")) for name, rules in own.items()},
        )


class RuleLoader:
    """Decodes rules one by one, so that a fault in one does not hide those in others."""

    def __init__(
        self,
        policies: Mapping[str, type[Policy]],
        rights: Mapping[str, NamedRight],
        folder: Path,
        positions: Positions,
        problems: list[Problem],
    ) -> None:
        self._policies = policies
        self._rights = rights
        self._folder = folder
        self._positions = positions
        self._problems = problems

    def load(self, data: Any, environments: Mapping[str, EnvironmentSettings | None]) -> dict[str, RuleSet]:
        """The rule set of each environment; incomplete where there were problems."""
        written = Written.of(data)
        found: dict[str, RuleSet] = {}
        for name, settings in environments.items():
            own: Place = ("environments", name, "rules")
            lists = (
                (written.before.get(name, []), (*own, "before")),
                (written.shared, ("rules",)),
                (written.after.get(name, []), (*own, "after")),
            )
            rules: list[Rule] = []
            first: dict[str, Place] = {}
            for nodes, place in lists:
                for number, node in enumerate(nodes):
                    here = (*place, number)
                    self._distinct(node, here, first)
                    rule = self._rule(node, here, name, settings)
                    if rule is not None:
                        rules.append(rule)
            found[name] = compile_rules(rules, self._rights)
        return found

    def _distinct(self, node: Any, place: Place, first: dict[str, Place]) -> None:
        name = node.get("id") if isinstance(node, dict) else None
        if not isinstance(name, str) or first.setdefault(name, place) == place:
            return
        here, there = (self._positions.problem((*each, "id"), "") for each in (place, first[name]))
        where = f"line {there.line}" if there.file == here.file else f"{there.file}:{there.line}"
        self._tell((*place, "id"), f"the id {name!r} stands twice, first at {where}")

    def _rule(
        self, node: Any, place: Place, environment: str, settings: EnvironmentSettings | None
    ) -> Rule | None:
        if not isinstance(node, dict):
            return None
        match = _block(node.get("match"))
        pattern = self._pattern(match, (*place, "match"))
        context = LoadContext(
            rights=self._rights,
            variables=pattern.variables if pattern else (),
            rule=str(node.get("id")),
            folder=self._folder,
            levels=settings.provider.levels if settings is not None else LEVELS,
            shared_store=_shared_store(environment, settings),
        )
        decoder = Decoder(self._policies, context, self._fault)
        nodes = _list(node.get("require")) if self._policies else []
        decoded = [decoder.policy(item, (*place, "require", number)) for number, item in enumerate(nodes)]
        ready = tuple(policy for policy in decoded if policy is not None)
        if pattern is None or not isinstance(node.get("id"), str):
            return None
        methods, hosts = _texts(match.get("methods")), _texts(match.get("hosts"))
        if methods is not None and "GET" in methods:
            methods |= {"HEAD"}
        start = self._positions.problem(place, "")
        at = (start.file, start.line, start.column)
        label = {name: text for name, text in _block(node.get("label")).items() if isinstance(text, str)}
        accepts = _texts(node.get("accept")) or frozenset()
        return Rule(node["id"], pattern, methods, hosts, ready, at, label, accepts)

    def _pattern(self, match: dict[str, Any], place: Place) -> Pattern | None:
        for key, parse in (("path", parse_pattern), ("regex", parse_regex)):
            text = match.get(key)
            if not isinstance(text, str):
                continue
            try:
                return parse(text)
            except ValueError as problem:
                self._tell((*place, key), str(problem))
        return None

    def _fault(self, place: Place, fault: Any) -> None:
        if isinstance(fault, UnknownName):
            self._tell(place, unknown(fault.what, fault.name, fault.known))
        elif isinstance(fault, ValueError):
            self._tell(place, str(fault))
        elif fault["type"] == "extra_forbidden":
            cls = self._policies.get(str(place[-2])) if len(place) > 1 else None
            known = option_names(cls) if cls is not None else ()
            self._tell(place, unknown("option", place[-1], known), at_key=True)
        else:
            self._tell(place_of(place, self._positions), words_for(fault))

    def _tell(self, place: Place, message: str, *, at_key: bool = False) -> None:
        self._problems.append(self._positions.problem(place, message, at_key=at_key))


def _shared_store(environment: str, settings: EnvironmentSettings | None) -> SharedStore | None:
    url = settings.session.store.url if settings is not None else None
    if settings is None or url is None:
        return None
    session = settings.session
    return SharedStore(url, session.store_password, f"toegangspoort:{environment}:policies")


def _block(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: Any) -> frozenset[str] | None:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return frozenset(value)
    return None
