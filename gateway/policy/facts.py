"""Fetches what policies asked of fact sources before a decision: once, in time, and not too much at once.

It decides nothing: a question without an answer stays without one, and the policy that asked it then denies.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from cachetools import TTLCache

from gateway.caching.single_flight import SingleFlight
from gateway.model import NOTHING
from gateway.plugin import FactClient, FactSource, Question

T = TypeVar("T")
_MOST_SOURCES = 1_024
_MOST_ANSWERS = 10_000


@dataclass(frozen=True, slots=True)
class Gathered:
    """The answers by the name of the question, and for each question without one the name and what went wrong."""

    facts: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    failures: Mapping[str, str] = field(default_factory=lambda: NOTHING)


NOTHING_ASKED = Gathered()


@contextlib.contextmanager
def _ends_no_process() -> Iterator[None]:
    """A source that calls sys.exit has failed; the event loop would take it for the end of the process."""
    try:
        yield
    except (SystemExit, KeyboardInterrupt) as problem:
        raise RuntimeError(f"the source raised {problem!r}") from problem


def _opened(source: FactSource) -> FactClient:
    with _ends_no_process():
        return source.connect()


class _Line:
    """One open source: its turns, the answers that are fresh, the questions under way."""

    def __init__(self, source: FactSource) -> None:
        self.source = source
        # Opening may read certificates or secrets from the disk.
        self.opening: asyncio.Task[FactClient] = asyncio.create_task(asyncio.to_thread(_opened, source))
        self.turns = asyncio.Semaphore(source.max_concurrency)
        self.under_way = SingleFlight[Hashable, Any]()
        self.answers: TTLCache[Hashable, Any] = TTLCache(_MOST_ANSWERS, max(source.cache_ttl, 0.0))
        self.asked = 0

    async def ask(self, about: Hashable, *, peek: bool = False) -> Any:
        answer = await self._in_turn(lambda client: client.peek(about) if peek else client.ask(about))
        if answer is None:
            raise _no_answer()
        return answer

    async def ask_once(self, about: Hashable) -> Any:
        """The fresh answer, or that of the question that is under way, or a new one."""
        answer = self.answers.get(about)
        if answer is not None:
            return answer
        return await self.under_way.run(about, lambda: self._ask_and_keep(about))

    async def ask_together(self, abouts: Sequence[Hashable]) -> Sequence[Any]:
        """The answers in order, those that are not fresh by one call; an exception stands for one that failed."""
        keeps = self.source.cache_ttl > 0
        found = {about: self.answers.get(about) for about in abouts} if keeps else {}
        new = [about for about in dict.fromkeys(abouts) if found.get(about) is None]
        if len(new) == 1:
            ask = self.ask_once if keeps else self.ask
            found[new[0]] = (await asyncio.gather(ask(new[0]), return_exceptions=True))[0]
        elif new:
            found |= zip(new, await self._ask_all(new), strict=True)
        return [found[about] for about in abouts]

    @property
    def failed(self) -> bool:
        """Whether it could not be opened."""
        return self.opening.done() and (self.opening.cancelled() or self.opening.exception() is not None)

    async def aclose(self) -> None:
        await self.under_way.cancel()
        with contextlib.suppress(Exception), _ends_no_process():
            await (await self.opening).aclose()

    async def _ask_and_keep(self, about: Hashable) -> Any:
        answer = self.answers[about] = await self.ask(about)
        return answer

    async def _ask_all(self, abouts: Sequence[Hashable]) -> list[Any]:
        try:
            answers = await self._in_turn(lambda client: client.ask_all(abouts))
        except Exception as problem:  # noqa: BLE001 - whatever a source raises, its questions have no answer
            return [problem] * len(abouts)
        if len(answers) != len(abouts):
            return [_no_answer()] * len(abouts)
        found = [_no_answer() if answer is None else answer for answer in answers]
        if self.source.cache_ttl > 0:
            for about, answer in zip(abouts, found, strict=True):
                if not isinstance(answer, BaseException):
                    self.answers[about] = answer
        return found

    async def _in_turn(self, ask: Callable[[FactClient], Awaitable[T]]) -> T:
        self.asked += 1
        try:
            async with asyncio.timeout(self.source.timeout), self.turns:
                client = await asyncio.shield(self.opening)
                with _ends_no_process():
                    return await ask(client)
        finally:
            self.asked -= 1


def _no_answer() -> ValueError:
    return ValueError("the source gave no answer")


def _ambiguous(questions: Sequence[Question]) -> dict[str, str]:
    """The names under which two different questions are asked: an answer to the one must not pass for the other's."""
    first: dict[str, Question] = {}
    return {
        question.name: "two questions have this name; give the policies names of their own"
        for question in questions
        if first.setdefault(question.name, question) != question
    }


def _together(questions: Sequence[Question]) -> dict[FactSource, list[Hashable]]:
    """What each source is asked by one call: the sources that can be, where there are several questions to them."""
    found: dict[FactSource, list[Hashable]] = {}
    for question in questions:
        if question.source.batches:
            found.setdefault(question.source, []).append(question.about)
    return {source: abouts for source, abouts in found.items() if len(abouts) > 1}


class FactsAsked(Protocol):
    """Fetches facts before a decision."""

    async def gather(self, questions: Sequence[Question]) -> Gathered:
        """The answers to these questions."""


class Gatherer:
    """The fact sources of one worker process; opened when they are first asked, closed with the gateway."""

    def __init__(self) -> None:
        self._lines: OrderedDict[FactSource, _Line] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()

    async def gather(self, questions: Sequence[Question], *, peek: bool = False) -> Gathered:
        """The answers to these questions. Never raises for a source that fails: that is among the failures.

        With `peek`, asking has no effect, such as a count.
        """
        if not questions:
            return NOTHING_ASKED
        failures = _ambiguous(questions)
        distinct = [question for question in dict.fromkeys(questions) if question.name not in failures]
        together = {} if peek else _together(distinct)
        alone = [question for question in distinct if question.source not in together]
        answers, *others = await asyncio.gather(
            asyncio.gather(*(self._answer(each, peek) for each in alone), return_exceptions=True),
            *(self._line(source).ask_together(abouts) for source, abouts in together.items()),
        )
        of_source = {source: iter(found) for source, found in zip(together, others, strict=True)}
        by_itself = iter(answers)
        facts: dict[str, Any] = {}
        for question in distinct:
            answer = next(of_source.get(question.source, by_itself))
            if isinstance(answer, BaseException):
                failures[question.name] = f"{type(answer).__name__}: {answer}".rstrip(": ")
            else:
                facts[question.name] = answer
        return Gathered(facts, failures)

    def peeking(self) -> FactsAsked:
        """The same sources, asked without effect."""
        return _Peeking(self)

    async def aclose(self) -> None:
        """Close every source. Questions under way end without an answer."""
        lines = list(self._lines.values())
        self._lines.clear()
        await asyncio.gather(*(line.aclose() for line in lines), *self._closing, return_exceptions=True)

    async def _answer(self, question: Question, peek: bool) -> Any:
        line = self._line(question.source)
        if peek:
            kept = line.answers.get(question.about)
            return kept if kept is not None else await line.ask(question.about, peek=True)
        if question.source.cache_ttl > 0:
            return await line.ask_once(question.about)
        return await line.ask(question.about)

    def _line(self, source: FactSource) -> _Line:
        line = self._lines.get(source)
        if line is None or line.failed:
            self._make_room()
            line = self._lines[source] = _Line(source)
        self._lines.move_to_end(source)
        return line

    def _make_room(self) -> None:
        """Close sources that no rule has asked for longest: those of rules that were changed since."""
        if len(self._lines) < _MOST_SOURCES:
            return
        idle = next((source for source, line in self._lines.items() if not line.asked), None)
        if idle is not None:
            task = asyncio.create_task(self._lines.pop(idle).aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


@dataclass(frozen=True, slots=True)
class _Peeking:
    gatherer: Gatherer

    async def gather(self, questions: Sequence[Question]) -> Gathered:
        return await self.gatherer.gather(questions, peek=True)
