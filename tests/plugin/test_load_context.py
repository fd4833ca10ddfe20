"""The context in which policies are loaded: typed, and complete for each environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from gateway.config import load
from gateway.plugin import Allow, Facts, LoadContext, Policy, UnknownName, Verdict
from gateway.plugin.decode import Decoder
from tests.config.test_lock import environments
from tests.config.test_rules import rule
from tests.gateways import write_config

WITNESS = '''
from gateway.plugin import Allow, Facts, LoadContext, Policy, Verdict
class Witness(Policy, name="witness"):
    """Remembers the environment that it was loaded for."""
    _levels: dict = {}
    def resolve(self, context: LoadContext) -> None:
        self._levels = dict(context.levels)
        self._rule = (context.rule, context.variables, sorted(context.rights), context.folder)
    _rule: tuple = ()
    def decide(self, facts: Facts) -> Verdict:
        return Allow(f"{self._rule} {sorted(self._levels.values())}")
'''


class Seen(Policy, name="seen"):
    """Keeps its context."""

    contexts: ClassVar[list[LoadContext]] = []

    def resolve(self, context: LoadContext) -> None:
        self.contexts.append(context)

    def decide(self, facts: Facts) -> Verdict:
        return Allow()


def test_a_policy_gets_the_context_of_its_rule() -> None:
    context = LoadContext("rule", ("kbo",), {}, Path("/etc"), {"urn:x": 3})
    assert Decoder({"seen": Seen}, context, pytest.fail).policy("seen", ()) is not None
    assert Seen.contexts.pop() is context


def test_outside_the_loader_the_context_is_empty() -> None:
    Seen()
    assert Seen.contexts.pop() == LoadContext()


def test_an_unknown_name_says_what_is_known() -> None:
    problem = UnknownName("colour", "rde", ("red", "green"))
    assert str(problem) == "unknown colour 'rde'"
    assert problem.known == ("red", "green")


def test_a_rule_is_loaded_for_each_environment(tmp_path: Path) -> None:
    """A shared rule never carries what belongs to one environment into another."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own/witness.py").write_text(WITNESS)
    settings = environments(tmp_path)
    settings["ti"]["provider"]["levels"] = {"urn:x:ti": 7}
    settings["prd"]["provider"]["levels"] = {"urn:x:prd": 9}
    path = write_config(tmp_path, settings, rules=[rule("shared", "/{kbo}/**", "witness")], plugins=["./own"])
    found = {
        name: rules.rules[0].require[0].decide(Facts("GET", "", "/", "", 0.0)).reason
        for name, rules in load(path).rules.items()
    }
    rest = f"('shared', ('kbo',), ['indiener'], {tmp_path!r})"
    assert found == {"ti": f"{rest} [7]", "prd": f"{rest} [9]"}
