"""Frees rule sets beside the requests: at once, that takes the interpreter longer than a request may wait."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

from gateway import garbage
from gateway.config import Config
from gateway.policy.pattern_tree import PatternNode
from gateway.policy.ruleset import RuleSet


def release_config(config: Config) -> None:
    """Free a configuration that nobody else holds; what is still in use stays."""
    suites = [each for suite in config.suites.values() for each in (suite, *suite.cases)]
    _release([config, *suites, *_pieces(config.rules.values())])


def release_rules(*rule_sets: RuleSet) -> None:
    """Free rule sets that nobody else holds."""
    _release(list(_pieces(rule_sets)))


def _pieces(rule_sets: Iterable[RuleSet]) -> Iterator[Any]:
    """Outer ones first: whoever drops them in this order frees little at a time."""
    for rules in rule_sets:
        yield rules
        yield from _nodes(rules.tree.root)
        for rule in rules.rules:
            yield from (rule, rule.pattern, *rule.require)


def _nodes(node: PatternNode) -> Iterator[PatternNode]:
    yield node
    for below in (*node.literals.values(), node.any):
        if below is not None:
            yield from _nodes(below)


def _release(pieces: list[Any]) -> None:
    threading.Thread(target=garbage.drop, args=(pieces,), name="release", daemon=True).start()
