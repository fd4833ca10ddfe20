"""Compiles `people:`, `tests:` and `never:` to the suite of each environment, and runs it. The suite is in analysis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gateway.analysis.person import Person
from gateway.analysis.suite import Case, Invariant, Suite, Where, all_methods, run
from gateway.analysis.suite_settings import KINDS, CaseSettings, NeverSettings, Who
from gateway.config.positions import Place, Positions
from gateway.config.problems import Problem, unknown
from gateway.edge.authority import Authorities
from gateway.edge.path import path_of
from gateway.edge.readings import PathReader
from gateway.errors import BadRequest
from gateway.http_semantics import METHODS
from gateway.model import DecisionInput, Doubt, Identity
from gateway.plugin import NamedRight, UnknownName
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import RuleSet

if TYPE_CHECKING:
    from gateway.config.model import Config, Document


def failures(config: Config, environment: str) -> list[Problem]:
    """The tests and invariants of this environment that fail, with their places. Pure and quick."""
    return [
        Problem(*outcome.where, f"{outcome.kind} {outcome.title!r} failed: {outcome.failure}")
        for outcome in run(config.rules[environment], config.suites[environment])
        if outcome.failure is not None
    ]


class SuiteLoader:
    """Compiles the suites of one document; faults in tests are problems of the file."""

    def __init__(
        self,
        document: Document,
        rights: Mapping[str, NamedRight],
        rules: Mapping[str, RuleSet],
        positions: Positions,
        problems: list[Problem],
    ) -> None:
        self._document = document
        self._rights = rights
        self._rules = rules
        self._positions = positions
        self._problems = problems

    def compile(self) -> dict[str, Suite]:
        """The suite of each environment; incomplete where there were problems."""
        document = self._document
        for name, person in document.people.items():
            self._identity(person, ("people", name), "")
        for number, test in enumerate(document.tests):
            self._check_test(test, ("tests", number))
        for number, never in enumerate(document.never):
            self._check_tried(never, ("never", number))
            self._pattern_is_read(never, ("never", number))
        if self._problems:
            return {}
        return {name: self._suite(name) for name in document.environments}

    def _suite(self, environment: str) -> Suite:
        document = self._document
        return Suite(
            tuple(
                self._case(test, ("tests", number), environment)
                for number, test in enumerate(document.tests)
                if test.env is None or environment in test.env
            ),
            tuple(
                self._invariant(never, ("never", number), environment)
                for number, never in enumerate(document.never)
                if never.env is None or environment in never.env
            ),
        )

    def _case(self, test: CaseSettings, place: Place, environment: str) -> Case:
        method, _, path = test.request.partition(" ")
        segments, doubt = self._read(path, environment)
        decision_input = DecisionInput(
            method=method,
            host=self._host(environment, test.host),
            path="/" + "/".join(segments),
            segments=segments,
            client=test.client,
            now=test.at.timestamp(),
            identity=self._identity_of(test.as_, place, environment),
            facts=test.facts,
            doubt=doubt,
            websocket=test.websocket,
        )
        return Case(
            test.name or f"{test.request} as {_title(test.as_)}",
            self._where(place),
            decision_input,
            test.expect,
            test.rule,
            test.reason,
            frozenset(test.missing) if test.missing is not None else None,
            test.upstream,
            test.to,
        )

    def _invariant(self, never: NeverSettings, place: Place, environment: str) -> Invariant:
        method, _, path = never.request.partition(" ")
        rules, pattern = self._rules[environment], parse_pattern(path)
        hosts = {host for rule in rules.rules for host in rule.hosts or ()} | {self._host(environment, None)}
        return Invariant(
            title=never.name or f"{never.request} as {_title(never.as_)}",
            where=self._where(place),
            methods=all_methods(method, self._document.environments[environment].edge.methods),
            pattern=pattern.folding() if rules.folds else pattern,
            identity=self._identity_of(never.as_, place, environment),
            hosts=(self._host(environment, never.host),) if never.host is not None else tuple(sorted(hosts)),
            client=never.client,
            now=never.at.timestamp() if never.at is not None else None,
        )

    def _read(self, path: str, environment: str) -> tuple[tuple[str, ...], Doubt | None]:
        settings = self._document.environments.get(environment)
        if settings is None:
            return (), None  # reported elsewhere
        opens = self._rules[environment].opens_paths
        return PathReader(settings.paths, lambda: opens).read(path_of(path.encode()))

    def _host(self, environment: str, asked: str | None) -> str:
        """The host that is asked, in the spelling that rules see; a foreign one as it is."""
        settings = self._document.environments[environment]
        names = Authorities(settings.public_url, settings.edge.hosts)
        try:
            return names.canonical([asked.encode()]) if asked else names.public
        except BadRequest:
            return asked or ""

    def _identity_of(self, who: Who | None, place: Place, environment: str) -> Identity | None:
        if who is None:
            return None
        person = self._document.people[who] if isinstance(who, str) else who
        return self._identity(
            person, (*place, "as"), self._document.environments[environment].provider.issuer
        )

    def _identity(self, person: Person, place: Place, issuer: str) -> Identity | None:
        try:
            section = self._document.identity
            return person.identity(self._rights, issuer, section.claims, section.rights)
        except UnknownName as problem:
            at = next(
                (number for number, name in enumerate(person.rights) if name == problem.name),
                0,
            )
            self._report((*place, "rights", at), unknown(problem.what, problem.name, problem.known))
        return None

    def _check_test(self, test: CaseSettings, place: Place) -> None:
        self._check_tried(test, place)
        method, _, path = test.request.partition(" ")
        accepted = {each for one in self._document.environments.values() for each in one.edge.methods}
        if method not in METHODS and method not in accepted:
            self._report((*place, "request"), f"no environment accepts {method}: add it to `edge.methods`")
        for name in self._document.environments if test.env is None else test.env:
            try:
                self._read(path, name)
            except BadRequest as problem:
                words = f"the gateway refuses this path before any rule: {problem.detail}"
                self._report((*place, "request"), words)
                break
        known = {rule.id for rules in self._rules.values() for rule in rules.every}
        if test.rule is not None and test.rule not in known and not self._problems:
            self._report((*place, "rule"), unknown("rule", test.rule, known))
        upstreams = {name for each in self._document.environments.values() for name in each.every_upstream}
        if test.upstream is not None and test.upstream not in upstreams:
            self._report((*place, "upstream"), unknown("upstream", test.upstream, upstreams))
        names = (*self._rights, *KINDS)
        for number, name in enumerate(test.missing or ()):
            if name not in names:
                self._report((*place, "missing", number), unknown("right or kind", name, names))

    def _check_tried(self, tried: CaseSettings | NeverSettings, place: Place) -> None:
        environments = self._document.environments
        for number, name in enumerate(tried.env or ()):
            if name not in environments:
                self._report((*place, "env", number), unknown("environment", name, environments))
        if isinstance(tried.as_, str):
            if tried.as_ not in self._document.people:
                self._report((*place, "as"), unknown("person", tried.as_, self._document.people))
        elif tried.as_ is not None:
            self._identity(tried.as_, (*place, "as"), "")

    def _pattern_is_read(self, never: NeverSettings, place: Place) -> None:
        try:
            pattern = parse_pattern(never.request.partition(" ")[2])
            if any(rules.folds for rules in self._rules.values()):
                pattern.folding()
        except ValueError as problem:
            self._report((*place, "request"), str(problem))

    def _where(self, place: Place) -> Where:
        found = self._positions.problem(place, "")
        return found.file, found.line, found.column

    def _report(self, place: Place, message: str) -> None:
        self._problems.append(self._positions.problem(place, message))


def _title(who: Who | None) -> str:
    if who is None:
        return "nobody"
    if isinstance(who, str):
        return who
    return " ".join(_description(who)) or who.subject


def _description(person: Person) -> Iterator[str]:
    if person.acm is not None:
        yield f"somebody with {len(person.acm)} claims"
    if person.rights:
        yield "+".join(person.rights)
    if person.organisation:
        yield f"of {person.organisation}"
    if person.doelgroep:
        yield f"in {person.doelgroep}"
    if person.kind == "machine":
        yield f"machine with {'+'.join(person.scopes) or 'no scope'}"
