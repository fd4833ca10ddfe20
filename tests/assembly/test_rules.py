"""What is allowed."""

from __future__ import annotations

from gateway.assembly.rules import rules
from tests.assembly.conftest import Made


def test_the_rules_of_the_environment_are_in_force_from_the_start(made: Made) -> None:
    environment = made(rules=[{"id": "only", "match": {"path": "/**"}, "require": ["anyone"]}])
    found = rules(environment)
    assert [each.id for each in found.reload.rules().rules] == ["only"]
    assert found.reload.rules() is environment.config.rules["ti"]
    assert found.keeper.trouble == ""
