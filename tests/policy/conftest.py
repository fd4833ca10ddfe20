"""Rule sets from plain data, compiled as the loader compiles them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.model import DecisionInput, Identity, Organisation, Right
from gateway.plugin import LoadContext, NamedRight, Policy
from gateway.plugin.decode import Decoder
from gateway.plugin.discovery import load_policies
from gateway.policy.handling_settings import HandlingSettings
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import Rule, RuleSet, compile_rules

RIGHTS = {
    "indiener": NamedRight(
        "indiener", "OVAMGebruiker", "Indiener", {"nl": "Indiener"}, {"nl": "de lokale beheerder"}
    ),
    "lezer": NamedRight("lezer", "OVAMGebruiker", "Lezer"),
    "controleur": NamedRight("controleur", "OVAMGebruiker", None),
}
LEVELS = {"urn:be:vlaanderen:authmech:eid": 35, "urn:be:vlaanderen:authmech:itsme": 27, "urn:x:password": 10}
POLICIES = load_policies()


def policy(node: Any, *variables: str, policies: dict[str, type[Policy]] | None = None) -> Policy:
    faults: list[Any] = []
    decoder = Decoder(
        policies or dict(POLICIES),
        LoadContext(rights=RIGHTS, variables=variables, rule="tried", levels=LEVELS),
        lambda place, fault: faults.append((place, fault)),
    )
    found = decoder.policy(node, ())
    assert not faults, faults
    assert found is not None
    return found


def rule_set(*rules: tuple[str, str, list[Any]] | tuple[str, str, list[Any], set[str]]) -> RuleSet:
    """Rules as (id, path, require[, methods])."""
    made = []
    for name, path, require, *methods in rules:
        pattern = parse_pattern(path)
        policies = tuple(policy(node, *pattern.variables) for node in require)
        made.append(Rule(name, pattern, frozenset(methods[0]) if methods else None, None, policies))
    return compile_rules(made, RIGHTS)


def with_websockets(rules: RuleSet, *ids: str) -> RuleSet:
    """The same rules, of which these allow WebSockets."""
    made = [replace(rule, websocket=True) if rule.id in ids else rule for rule in rules.rules]
    return compile_rules(made, rules.rights)


def given(
    path: str = "/", method: str = "GET", identity: Identity | None = None, **facts: Any
) -> DecisionInput:
    return DecisionInput(
        method=method,
        host="gw.test",
        path=path,
        segments=tuple(path[1:].split("/")),
        client=facts.get("client", "203.0.113.9"),
        now=facts.get("now", 1_795_000_000.0),
        identity=identity,
        websocket=facts.get("websocket", False),
    )


def person(
    *rights: tuple[str, str | None, str], organisation: str | None = "0456789034", **facts: Any
) -> Identity:
    return Identity(
        issuer="https://acm.test/op",
        subject="somebody",
        organisation=Organisation(organisation) if organisation else None,
        rights=tuple(Right(*right) for right in rights),
        **facts,
    )


@pytest.fixture
def indiener() -> Identity:
    return person(("OVAMGebruiker", "Indiener", "0456789034"))


Decide = Callable[..., Any]


def with_handling(rules: RuleSet, **of_rules: dict[str, Any]) -> RuleSet:
    """The same rules, of which those with these ids also have such settings as a rule file gives them."""
    made = [
        replace(rule, handling=HandlingSettings.model_validate(of_rules[rule.id]).handling())
        if rule.id in of_rules
        else rule
        for rule in rules.rules
    ]
    return compile_rules(made, rules.rights)
