"""Until when the same request of the same caller is allowed again: by rules of all kinds, at all moments up to then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from gateway.exchange import Exchange, Judgement
from gateway.model import CanonicalRequest, DecisionInput
from gateway.pipeline.permission_validity import PermissionValidity
from gateway.policy.evaluate import decide, questions
from gateway.policy.ruleset import RuleSet
from tests.policy.conftest import given, rule_set
from tests.policy.generated import NOON, made

_MINUTE = 60.0
_SEEDS = int(os.environ.get("SAME_ANSWER_SEEDS", "600"))


async def nothing(*_: Any) -> Any:
    """Neither comes nor goes."""


def judged(rules: RuleSet, asked: DecisionInput, **changes: Any) -> Exchange:
    request = CanonicalRequest(
        id="0" * 32, method=asked.method, scheme="https", host=asked.host, path=asked.path, segments=asked.segments,
        target=asked.path.encode(), headers=(), cookies={}, client=asked.client, viewer="script", language="nl",
    )._replace(**changes)  # fmt: skip
    decision = decide(rules, asked)
    return Exchange(
        {}, nothing, nothing, asked.now, request=request, judgement=Judgement(rules.hash, asked, decision)
    )


def moments(now: float, until: float, random: Random) -> Iterator[float]:
    """Up to the end: near both ends, and whole minutes between."""
    yield from (now, until - 0.001, until - 1.0)
    minutes = int((until - now) // _MINUTE)
    yield from (now + _MINUTE * random.randint(0, minutes) for _ in range(40))


def test_what_is_allowed_stays_allowed_up_to_then() -> None:
    lasted = 0
    for seed in range(_SEEDS):
        random = Random(seed)
        rules, asked = made(random)
        if questions(rules, asked) or not decide(rules, asked).allowed or asked.websocket:
            continue
        until = PermissionValidity(lambda rules=rules: rules).until(judged(rules, asked))  # type: ignore[misc]
        if until == asked.now:
            continue
        lasted += 1
        assert until > asked.now
        elsewhere = asked._replace(client="198.51.100.7")
        for now in moments(asked.now, until, random):
            for each in (asked, elsewhere):
                assert decide(rules, each._replace(now=now)).allowed, (seed, now - asked.now)
    assert lasted > _SEEDS // 40


def test_it_ends_at_the_next_moment_of_a_rule() -> None:
    rules = rule_set(("r", "/**", ["anyone", {"schedule": {"hours": {"mon-sun": "08:00-18:00"}}}]))
    exchange = judged(rules, given("/a", now=NOON))
    assert PermissionValidity(lambda: rules).until(exchange) == NOON + 5 * 3_600.0


@pytest.mark.parametrize("changes", [{"method": "POST"}, {"method": "DELETE"}, {"viewer": "ahead"}])
def test_some_requests_are_asked_about_each_time(changes: dict[str, Any]) -> None:
    rules = rule_set(("r", "/**", ["anyone"]))
    assert PermissionValidity(lambda: rules).until(judged(rules, given("/a", now=NOON))) > NOON
    assert PermissionValidity(lambda: rules).until(judged(rules, given("/a", now=NOON), **changes)) == NOON


def test_other_rules_in_force_decide_anew() -> None:
    rules, others = rule_set(("r", "/**", ["anyone"])), rule_set(("r", "/**", ["authenticated"]))
    assert PermissionValidity(lambda: others).until(judged(rules, given("/a", now=NOON))) == NOON
