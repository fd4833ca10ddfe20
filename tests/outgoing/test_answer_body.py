"""Bodies of answers: whole, or refused as soon as they are too large."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.outgoing.answer_body import answer_body

pytestmark = pytest.mark.anyio


async def parts(*several: bytes) -> AsyncIterator[bytes]:
    for each in several:
        yield each


async def test_it_comes_in_one_piece() -> None:
    assert await answer_body(parts(b"ab", b"", b"cd"), 4) == b"abcd"
    assert await answer_body(parts(), 0) == b""


async def test_nothing_is_read_beyond_the_bound() -> None:
    coming = parts(b"ab", b"cde", b"never asked for")
    with pytest.raises(ValueError, match="too large"):
        await answer_body(coming, 4)
    assert await anext(coming) == b"never asked for"
