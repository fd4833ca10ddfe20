"""Facts that need input or output: what a policy asks, whom it asks, and the client that fetches the answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any


class FactClient(ABC):
    """Asks one fact source; it may keep connections open, in the worker process that made it."""

    @abstractmethod
    async def ask(self, about: Hashable) -> Any:
        """The answer as plain data (it is written to decision records), never None. Any exception denies the request."""

    async def peek(self, about: Hashable) -> Any:
        """The answer for somebody who only wants to know what a request would get, as for a decision point.

        A source for which asking has an effect, such as a count, answers without it here.
        """
        return await self.ask(about)

    async def ask_all(self, abouts: Sequence[Hashable]) -> Sequence[Any]:
        """The answers to several questions of one request, in their order; an exception stands for one without an answer.

        Only sources with `batches` are asked this. Any exception denies the request.
        """
        raise NotImplementedError

    async def check(self) -> str:
        """For `gateway doctor`: that the source answers, in words; "" where that cannot be found out. Raises what `ask` raises."""
        return ""

    @abstractmethod
    async def aclose(self) -> None:
        """Close all connections."""


class FactSource(ABC):
    """A service that answers questions of policies. A frozen value: its settings.

    Sources that are equal are one source: they share connections and answers, also across a reload of the rules.
    """

    timeout: float = 1.0
    """How long one question may take, in seconds, including the wait for its turn."""

    cache_ttl: float = 0.0
    """How long an answer may be used again, in seconds. 0: every request asks."""

    max_concurrency: int = 64
    """How many questions may be in progress at the same time, per worker process."""

    batches: bool = False
    """Whether the questions of one request that are new go out together, by `ask_all`."""

    asked_again: bool = False
    """Whether it is asked again whenever an open stream is judged again, also where no answer is kept: not for a source
    that counts."""

    @abstractmethod
    def connect(self) -> FactClient:
        """A client of this source. Runs in a thread and may read secrets and certificates; connections come later."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a policy needs to know before the decision.

    Questions to one source about equal things are asked once while the answer is cached.
    """

    name: str
    """The name of the answer among the facts and in decision records."""

    source: FactSource
    """Whom to ask."""

    about: Hashable = None
    """What the question is about; the source sees this."""
