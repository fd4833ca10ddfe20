"""Fact sources: asked once while fresh, in time, not too many at once; what fails is told and never hides the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.plugin import (
    UNANSWERED,
    Allow,
    Deny,
    FactClient,
    Facts,
    FactSource,
    Policy,
    Question,
    Verdict,
)
from gateway.policy.evaluate import decide, questions
from gateway.policy.facts import Gatherer
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import Rule, compile_rules
from tests.policy.conftest import given, policy, rule_set


@dataclass
class Desk:
    """What a source under test saw; it answers when it is let."""

    asked: list[Hashable] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    closed: int = 0
    let: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))


class DeskClient(FactClient):
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def ask(self, about: Hashable) -> Any:
        desk = self.desk
        desk.asked.append(about)
        desk.came.release()
        desk.at_once += 1
        desk.most_at_once = max(desk.most_at_once, desk.at_once)
        try:
            await desk.let.wait()
        finally:
            desk.at_once -= 1
        if about == "broken":
            raise OSError("no route")
        return None if about == "nothing" else {"about": about}

    async def aclose(self) -> None:
        self.desk.closed += 1
        self.desk.gone.set()


@dataclass(frozen=True)
class Source(FactSource):
    desk: Desk = field(hash=False)
    timeout: float = 5.0
    cache_ttl: float = 0.0
    max_concurrency: int = 64

    def connect(self) -> FactClient:
        return DeskClient(self.desk)


def question(source: FactSource, about: Hashable = "x", name: str = "fact") -> Question:
    return Question(name, source, about)


async def under_way(desk: Desk, count: int) -> None:
    for _ in range(count):
        await desk.came.acquire()


async def test_no_question_costs_nothing() -> None:
    assert (await Gatherer().gather(())).facts == {}


async def test_answers_stand_under_the_name_of_the_question() -> None:
    desk, gatherer = Desk(), Gatherer()
    desk.let.set()
    source = Source(desk)
    gathered = await gatherer.gather([question(source, 1, "one"), question(source, 2, "two")])
    assert gathered.facts == {"one": {"about": 1}, "two": {"about": 2}}
    assert gathered.failures == {}
    await gatherer.aclose()
    assert desk.closed == 1


async def test_an_answer_never_passes_for_that_of_another_question() -> None:
    desk, gatherer = Desk(), Gatherer()
    desk.let.set()
    source = Source(desk)
    gathered = await gatherer.gather(
        [question(source, 1, "a"), question(source, 2, "a"), question(source, 1, "b")]
    )
    assert gathered.facts == {"b": {"about": 1}}
    assert "two questions have this name" in gathered.failures["a"]
    assert len((await gatherer.gather([question(source, 1)] * 2)).facts) == 1
    assert desk.asked == [1, 1]
    await gatherer.aclose()


async def test_a_fresh_answer_is_used_again_and_a_stale_one_is_not() -> None:
    desk, gatherer = Desk(), Gatherer()
    desk.let.set()
    for _ in range(3):
        await gatherer.gather([question(Source(desk, cache_ttl=60.0))])
    assert desk.asked == ["x"]
    for _ in range(3):
        await gatherer.gather([question(Source(desk))])
    assert desk.asked == ["x"] * 4
    await gatherer.aclose()


async def test_equal_questions_under_way_are_asked_once_even_if_the_first_asker_goes_away() -> None:
    desk, gatherer = Desk(), Gatherer()
    source = Source(desk, cache_ttl=60.0)
    first = asyncio.create_task(gatherer.gather([question(source)]))
    await under_way(desk, 1)
    others = [asyncio.create_task(gatherer.gather([question(source)])) for _ in range(5)]
    await asyncio.sleep(0)
    first.cancel()
    desk.let.set()
    for gathered in await asyncio.gather(*others):
        assert gathered.facts == {"fact": {"about": "x"}}
    assert desk.asked == ["x"]
    await gatherer.aclose()


async def test_what_fails_is_told_is_not_kept_and_hides_nothing() -> None:
    desk, gatherer = Desk(), Gatherer()
    desk.let.set()
    source = Source(desk, cache_ttl=60.0)
    asked = [question(source, "broken", "a"), question(source, "nothing", "b"), question(source, "x", "c")]
    for _ in range(2):
        gathered = await gatherer.gather(asked)
        assert gathered.facts == {"c": {"about": "x"}}
        assert gathered.failures["a"] == "OSError: no route"
        assert "no answer" in gathered.failures["b"]
    assert desk.asked.count("broken") == 2
    assert desk.asked.count("x") == 1
    await gatherer.aclose()


@dataclass(frozen=True)
class Locked(FactSource):
    keys: list[str] = field(hash=False)

    def connect(self) -> FactClient:
        if not self.keys:
            raise OSError("no key")
        desk = Desk()
        desk.let.set()
        return DeskClient(desk)


async def test_a_source_that_cannot_be_opened_is_tried_again() -> None:
    gatherer, keys = Gatherer(), list[str]()
    source = Locked(keys)
    assert (await gatherer.gather([question(source)])).failures == {"fact": "OSError: no key"}
    keys.append("key")
    assert (await gatherer.gather([question(source)])).facts == {"fact": {"about": "x"}}
    await gatherer.aclose()


async def test_a_source_that_hangs_runs_out_of_time() -> None:
    desk, gatherer = Desk(), Gatherer()
    gathered = await gatherer.gather([question(Source(desk, timeout=0.01))])
    assert gathered.failures == {"fact": "TimeoutError"}
    await gatherer.aclose()


async def test_no_more_at_once_than_the_source_can_bear() -> None:
    desk, gatherer = Desk(), Gatherer()
    source = Source(desk, max_concurrency=3)
    asking = asyncio.create_task(gatherer.gather([question(source, n, str(n)) for n in range(10)]))
    await under_way(desk, 3)
    await asyncio.sleep(0)
    assert len(desk.asked) == 3
    desk.let.set()
    assert len((await asking).facts) == 10
    assert desk.most_at_once == 3
    await gatherer.aclose()


async def test_closing_ends_questions_under_way() -> None:
    desk, gatherer = Desk(), Gatherer()
    asking = asyncio.create_task(gatherer.gather([question(Source(desk, cache_ttl=60.0))]))
    await under_way(desk, 1)
    await gatherer.aclose()
    assert (await asking).failures == {"fact": "CancelledError"}
    assert desk.at_once == 0


async def test_sources_that_nobody_asks_any_more_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.policy.facts._MOST_SOURCES", 2)
    gatherer = Gatherer()
    desks = [Desk() for _ in range(4)]
    for number, desk in enumerate(desks):
        desk.let.set()
        await gatherer.gather([question(Source(desk, timeout=5.0 + number))])
    await asyncio.wait_for(asyncio.gather(*(desk.gone.wait() for desk in desks[:2])), 30)
    assert [desk.closed for desk in desks] == [1, 1, 0, 0]
    await gatherer.aclose()
    assert [desk.closed for desk in desks] == [1, 1, 1, 1]


class Checked(Policy, name="checked"):
    """Asks about the client's address."""

    wanted: str = "yes"
    """The answer that is good."""

    def question(self, facts: Facts) -> Question | None:
        if facts.client == "nowhere":
            return None
        if facts.client == "broken":
            raise ValueError("cannot ask")
        return Question("checked", Source(Desk()), facts.client)

    def decide(self, facts: Facts) -> Verdict:
        answer = facts.answer(self)
        if answer is None:
            return UNANSWERED
        return Allow() if answer == self.wanted else Deny("not-good")


def checked_rules() -> Any:
    rules = rule_set(("free", "/free", ["anyone"]))
    asks = Rule("asks", parse_pattern("/asks/{x}"), None, None, (policy({"not": "checked"}, policies={"checked": Checked, **_shipped()}),))  # fmt: skip
    return compile_rules((*rules.rules, asks), {})


def _shipped() -> dict[str, type[Policy]]:
    from tests.policy.conftest import POLICIES

    return dict(POLICIES)


def test_only_the_rule_that_matches_asks() -> None:
    rules = checked_rules()
    assert rules.asks_sources
    assert questions(rules, given("/free")) == ()
    assert questions(rules, given("/elsewhere")) == ()
    (found,) = questions(rules, given("/asks/1"))
    assert (found.name, found.about) == ("checked", "203.0.113.9")
    assert questions(rules, given("/asks/1", client="nowhere")) == ()
    assert questions(rule_set(("free", "/asks/{x}", ["anyone"])), given("/asks/1")) == ()


def test_without_an_answer_not_even_not_allows() -> None:
    rules = checked_rules()
    assert decide(rules, given("/asks/1")).reason == "no-answer"
    assert not decide(rules, given("/asks/1")).allowed


def test_a_question_that_fails_denies_with_a_fault() -> None:
    rules = checked_rules()
    broken = given("/asks/1", client="broken")
    assert questions(rules, broken) == ()
    assert decide(rules, broken).error is not None


@pytest.mark.parametrize("when", ["opened", "asked"])
async def test_a_source_that_ends_the_process_only_fails(when: str) -> None:
    class Ends(FactClient):
        async def ask(self, about: Hashable) -> Any:
            raise SystemExit(0)

        async def aclose(self) -> None:
            raise SystemExit(0)

    class Source(FactSource):
        def connect(self) -> FactClient:
            if when == "opened":
                raise SystemExit(0)
            return Ends()

    gatherer = Gatherer()
    found = await gatherer.gather([Question("q", Source(), 1)])
    assert "SystemExit(0)" in found.failures["q"]
    await gatherer.aclose()
