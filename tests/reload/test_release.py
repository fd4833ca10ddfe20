"""Old rules are freed beside the requests, and what somebody still uses stays whole."""

from __future__ import annotations

import asyncio
import weakref

import pytest

from gateway.policy.ruleset import RuleSet, compile_rules
from gateway.reload.release import release_rules
from tests.policy.conftest import rule_set

pytestmark = pytest.mark.anyio


async def freed(reference: weakref.ref[object]) -> None:
    async with asyncio.timeout(30):
        while reference() is not None:
            await asyncio.sleep(0.001)


def some() -> RuleSet:
    return rule_set(("a", "/a/{kbo}/**", ["authenticated"]), ("b", "/a/b", ["anyone"]))


async def test_what_nobody_holds_is_freed() -> None:
    rules = some()
    policy = weakref.ref(rules.rules[0].require[0])
    release_rules(rules)
    del rules
    await freed(policy)


async def test_what_is_in_use_stays() -> None:
    rules, other = some(), some()
    policy = weakref.ref(other.rules[0].require[0])
    release_rules(rules, other)
    del other
    await freed(policy)
    assert rules.tree.candidates(("a", "b")) == [0, 1]
    assert compile_rules(rules.rules, rules.rights) == rules
