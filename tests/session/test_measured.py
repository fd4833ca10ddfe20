"""Every call to a store is timed, and does what it does without that."""

import asyncio
import inspect
from typing import Any

import pytest

from gateway.errors import StoreUnavailable
from gateway.events import Event, StoreCalled
from gateway.session.measured import measured_store
from gateway.session.memory import MemoryStore
from gateway.session.store import Store


async def test_a_call_is_timed() -> None:
    seen: list[Event] = []
    store = measured_store(MemoryStore(), seen.append)
    await store.start()
    assert await store.put_value(b"name", b"value", until=20.0, now=10.0)
    assert await store.get_value(b"name", now=11.0) == b"value"
    await store.aclose()
    assert [(event.operation, event.failed) for event in seen if isinstance(event, StoreCalled)] == [
        ("put_value", False),
        ("get_value", False),
    ]
    assert all(isinstance(event, StoreCalled) and 0 < event.seconds < 1 for event in seen)


class Down(MemoryStore):
    async def get(self, key: bytes) -> Any:
        raise StoreUnavailable("down")

    async def find(self, **wanted: Any) -> Any:
        await asyncio.Event().wait()


async def test_a_store_that_is_down_is_counted_as_that() -> None:
    seen: list[Event] = []
    store = measured_store(Down(), seen.append)
    with pytest.raises(StoreUnavailable):
        await store.get(b"k")
    assert [(event.operation, event.failed) for event in seen if isinstance(event, StoreCalled)] == [
        ("get", True)
    ]


async def test_a_caller_that_leaves_is_no_failure() -> None:
    seen: list[Event] = []
    store = measured_store(Down(), seen.append)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await store.find()
    assert [event.failed for event in seen if isinstance(event, StoreCalled)] == [False]


def test_every_method_of_a_store_is_timed() -> None:
    store = measured_store(MemoryStore(), lambda _: None)
    methods = [
        name for name, found in inspect.getmembers(Store, inspect.isfunction) if not name.startswith("_")
    ]
    assert len(methods) > 10
    timed = {name for name in methods if getattr(store, name).__qualname__.endswith("timed")}
    assert timed == set(methods) - {"start", "aclose"}
