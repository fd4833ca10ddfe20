"""Responses of the provider that are refused before they are parsed."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any

import httpx2
import pytest
from starlette.responses import Response

from gateway.auth.transport import LARGEST_RESPONSE, ProviderTransport, ResponseRefused, client_options
from tests.auth.conftest import Stage


@pytest.fixture
async def transport(clock: Any) -> AsyncIterator[ProviderTransport]:
    made = ProviderTransport(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), clock)
    yield made
    await made.close_pool()


async def fetch(transport: ProviderTransport, stage: tuple[Stage, str], answer: Any) -> httpx2.Response:
    stage[0].app = answer
    async with httpx2.AsyncClient(**client_options(transport, 5.0)) as client:
        return await client.get(stage[1])


async def test_a_plain_response_and_the_clock_of_its_sender(
    transport: ProviderTransport, stage: tuple[Stage, str], clock: Any
) -> None:
    ahead = formatdate(clock.now + 90, usegmt=True)
    for _ in range(2):  # closing the first client leaves the pool open
        answer = await fetch(transport, stage, Response(b"x" * LARGEST_RESPONSE, headers={"date": ahead}))
        assert len(answer.content) == LARGEST_RESPONSE
        assert transport.clock_difference == 90.0
    await fetch(transport, stage, Response(b"", headers={"date": "yesterday"}))
    assert transport.clock_difference is None


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Response(status_code=302, headers={"location": "https://evil.test"}), "redirect"),
        (Response(gzip.compress(b"{}"), headers={"content-encoding": "gzip"}), "compressed"),
        (Response(b"x" * (LARGEST_RESPONSE + 1)), "more than"),
    ],
)
async def test_refused(
    transport: ProviderTransport, stage: tuple[Stage, str], answer: Response, problem: str
) -> None:
    with pytest.raises(ResponseRefused, match=problem):
        await fetch(transport, stage, answer)
