"""Limits the number of requests: counted in the session store where that is Redis, otherwise per worker process."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from math import ceil
from typing import Annotated, Any, Literal

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from pydantic import AfterValidator, PrivateAttr

from gateway.plugin import (
    LOGIN,
    UNANSWERED,
    Allow,
    Deny,
    Distinctions,
    Duration,
    FactClient,
    Facts,
    FactSource,
    Field,
    LoadContext,
    Missing,
    NotApplicable,
    Policy,
    Question,
    SharedStore,
    Verdict,
    client_of,
)


@dataclass(frozen=True, slots=True)
class Counter(FactSource):
    """Counts requests under `name`, in `store` for all workers together; without a store in each worker alone."""

    name: str
    limit: int
    window: int
    store: SharedStore | None

    def connect(self) -> FactClient:
        return _Counting(self)


class _Counting(FactClient):
    def __init__(self, counter: Counter) -> None:
        self._item = RateLimitItemPerSecond(counter.limit, counter.window, namespace=f"rate:{counter.name}")
        self._pool = counter.store.pool() if counter.store is not None else None
        self._limiter = SlidingWindowCounterRateLimiter(_storage(counter.store, self._pool))

    async def ask(self, about: Hashable) -> Any:
        return await self._answer(await self._limiter.hit(self._item, str(about)), about)

    async def peek(self, about: Hashable) -> Any:
        return await self._answer(await self._limiter.test(self._item, str(about)), about)

    async def _answer(self, within: bool, about: Hashable) -> Any:
        if within:
            return {"within": True}
        window = await self._limiter.get_window_stats(self._item, str(about))
        return {"within": False, "again": window.reset_time}

    async def aclose(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()


def _pseudonym(issuer: str, subject: str) -> str:
    return sha256(f"{issuer} {subject}".encode()).hexdigest()


def _storage(store: SharedStore | None, pool: Any) -> Storage:
    if store is None:
        return MemoryStorage()
    options: Any = {"connection_pool": pool}
    return RedisStorage("async+redis://", implementation="redispy", key_prefix=store.prefix, **options)


def _whole_seconds(value: float) -> float:
    if value < 1 or value != int(value):
        raise ValueError("write whole seconds, minutes or hours, at least 1s")
    return value


class Rate(Policy, name="rate"):
    """Holds while a person, organisation or address makes at most `limit` requests in a sliding `window` of time.

    Every request that the rule matches counts, also one that another policy refuses.
    """

    limit: Annotated[int, Field(ge=1, strict=True)]
    """The number of requests that are allowed in the window."""

    window: Annotated[Duration, AfterValidator(_whole_seconds)]
    """The length of the window: 1s, 10m, 8h."""

    per: Literal["subject", "organisation", "client"] = "subject"
    """What has a count of its own: each person or API client, each organisation, or each network
    address (for IPv6 each network of 64 bits)."""

    name: str | None = None
    """A name for the count: rules with the same name, limit and window share it. The default is the rule's id."""

    _counter: Counter = PrivateAttr()

    def resolve(self, context: LoadContext) -> None:
        name = f"{self.name or context.rule}:{self.per}:{self.limit}/{int(self.window)}s"
        self._counter = Counter(name, self.limit, int(self.window), context.shared_store)

    def question(self, facts: Facts) -> Question | None:
        identity = facts.identity
        about: Hashable = client_of(facts.client)
        if self.per != "client":
            organisation = identity.organisation if identity else None
            about = _pseudonym(identity.issuer, identity.subject) if identity else None
            if self.per == "organisation":
                about = organisation.code if organisation else None
        return Question(f"rate:{self._counter.name}", self._counter, about) if about else None

    def decide(self, facts: Facts) -> Verdict:
        if facts.identity is None and self.per != "client":
            return NotApplicable("not-logged-in", LOGIN)
        answer = facts.answer(self)
        if answer is None:
            return UNANSWERED
        if answer["within"] is True:
            return Allow("within-limit")
        again = datetime.fromtimestamp(ceil(answer["again"]), UTC).isoformat(timespec="seconds")
        return Deny("too-many-requests", ((Missing(kind="rate", remedy="wait", detail=again),),))

    def after_waiting(self, answer: Any, until: float) -> Any:
        return answer if answer["within"] is True or until < answer["again"] else {"within": True}

    def distinctions(self) -> Distinctions:
        name = f"rate:{self._counter.name}"
        return Distinctions(
            sources=((name, {"within": True}), (name, {"within": False, "again": 0})), asks=True
        )
