"""The settings of fact sources: defaults, and equal sources that are one source. Asking them: tests/policy/test_facts.py."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from gateway.plugin import UNANSWERED, Allow, Deny, FactClient, Facts, FactSource, Policy, Question, Verdict
from gateway.plugin.testing import answer, facts, policy


@dataclass(frozen=True)
class Book(FactSource):
    """Knows whether a path is long."""

    limit: int = 3

    def connect(self) -> FactClient:
        return BookClient(self)


class BookClient(FactClient):
    def __init__(self, book: Book) -> None:
        self._book = book

    async def ask(self, about: Hashable) -> Any:
        return {"long": len(str(about)) > self._book.limit}

    async def aclose(self) -> None:
        """Nothing is open."""


class LongPath(Policy, name="long-path"):
    """Holds for long paths."""

    def question(self, facts: Facts) -> Question | None:
        return Question("length", Book(), facts.path)

    def decide(self, facts: Facts) -> Verdict:
        found = facts.answer(self)
        if found is None:
            return UNANSWERED
        return Allow("long") if found["long"] else Deny("short")


def test_the_defaults_are_careful() -> None:
    assert (Book().timeout, Book().cache_ttl, Book().max_concurrency) == (1.0, 0.0, 64)


def test_equal_settings_are_one_source() -> None:
    assert Question("length", Book(), "/a") == Question("length", Book(), "/a")
    assert Question("length", Book(4), "/a") != Question("length", Book(), "/a")


async def test_the_answer_reaches_the_decision() -> None:
    long = policy(LongPath)
    assert await answer(long, facts("/long")) == {"long": True}
    assert long.decide(facts("/long", answers={"length": {"long": True}})) == Allow("long")
    assert long.decide(facts("/long")) == UNANSWERED
