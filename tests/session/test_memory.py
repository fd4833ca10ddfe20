"""What only the store in memory does: forget everything when it closes. The rest is in test_store.py."""

from __future__ import annotations

import pytest

from gateway.session.memory import MemoryStore
from tests.session.test_store import stored

pytestmark = pytest.mark.anyio


async def test_closing_forgets_everything() -> None:
    store = MemoryStore()
    await store.start()
    await store.put(stored(1))
    await store.put_value(b"n", b"v", until=20.0, now=10.0)
    await store.aclose()
    assert await store.find() == []
    assert await store.get_value(b"n", now=10.0) is None
