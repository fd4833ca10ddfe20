"""The gateway starts as a whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.config import load
from gateway.responses import Message
from tests.gateways import settings, write_config


@pytest.fixture
def app(tmp_path: Path) -> Gateway:
    environment = settings(
        tmp_path,
        name="ti",
        gateway_url="http://localhost:8000",
        acm_url="http://localhost:9",
        upstream_url="http://localhost:9",
    )
    return Gateway(load(write_config(tmp_path, {"ti": environment})), "ti")


async def lifespan(app: Gateway, events: Iterator[str]) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": next(events)}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, send)
    return sent


async def test_it_starts_and_stops(app: Gateway, tmp_path: Path) -> None:
    sent = await lifespan(app, iter(("lifespan.startup", "lifespan.shutdown")))
    assert [each["type"] for each in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    lines = (tmp_path / "var/ti.jsonl").read_text().splitlines()
    assert '"kind":"start"' in lines[0]
    assert '"kind":"end"' in lines[-1]


async def test_a_start_that_fails_says_why_and_leaves_nothing_open(app: Gateway, tmp_path: Path) -> None:
    (tmp_path / "secrets/ti/assertion.pem").write_text("not a key")
    (sent,) = await lifespan(app, iter(("lifespan.startup",)))
    assert sent["type"] == "lifespan.startup.failed"
    assert "assertion.pem" in sent["message"]
    with pytest.raises(Exception, match="not open"):
        await app.areas.people.sessions.check()
