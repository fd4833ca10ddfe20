"""Bodies of other servers' answers, read whole but never more than was expected."""

from __future__ import annotations

from collections.abc import AsyncIterator


async def answer_body(parts: AsyncIterator[bytes], most: int) -> bytes:
    """The body in one piece. Raises ValueError where it has more than `most` bytes."""
    body = b""
    async for part in parts:
        body += part
        if len(body) > most:
            raise ValueError("the answer is too large")
    return body
