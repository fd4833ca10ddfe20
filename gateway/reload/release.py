"""Frees rule sets beside the requests: at once, that takes the interpreter longer than a request may wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gateway import garbage
from gateway.config import Config
from gateway.policy.pattern_tree import PatternNode
from gateway.policy.ruleset import RuleSet


def release_config(config: Config) -> None:
    """Free a configuration that nobody else holds; what is still in use stays."""
    _release(_of_config, config)


def release_rules(*rule_sets: RuleSet) -> None:
    """Free rule sets that nobody else holds."""
    _release(_pieces, rule_sets)


def _of_config(config: Config) -> Iterator[Any]:
    yield config
    for suite in config.suites.values():
        yield from (suite, *suite.cases)
    yield from _pieces(config.rules.values())


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


def _release(pieces_of: Callable[[Any], Iterator[Any]], whole: Any) -> None:
    threading.Thread(target=_free, args=(pieces_of, [whole]), name="release", daemon=True).start()


def _free(pieces_of: Callable[[Any], Iterator[Any]], held: list[Any]) -> None:
    """Of what is `held` alone, so that no argument keeps it. Listing its pieces takes long, too."""
    garbage.drop(list(pieces_of(held.pop())))
