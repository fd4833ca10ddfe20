"""The decision point opens and closes with its gateway, and takes new tokens of callers without a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.config import load
from tests.decision_point.asking import TOKEN, asked_gateway
from tests.gateways import settings, write_config
from tests.waiting import until

RULES = [{"id": "all", "match": {"path": "/**"}, "require": ["authenticated"]}]
QUESTION = {
    "subject": {"type": "person", "id": "anna"},
    "action": {"name": "GET"},
    "resource": {"type": "path", "id": "/echo"},
}


def test_a_token_that_is_replaced_counts_from_then_on(tmp_path: Path) -> None:
    with asked_gateway(tmp_path, rules=RULES) as (_, program):
        assert program.post("/evaluation", QUESTION).status_code == 200
        later = tmp_path / "later"
        later.write_text("a-token-that-comes-after-the-first-one\n")
        later.chmod(0o600)
        later.replace(tmp_path / "register.token")
        renewed = program.with_token("a-token-that-comes-after-the-first-one")
        assert until(lambda: renewed.post("/evaluation", QUESTION).status_code == 200, 30.0)
        assert program.post("/evaluation", QUESTION).status_code == 401


def test_a_token_that_is_too_short_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "short.token").write_text(TOKEN[:8])
    (tmp_path / "short.token").chmod(0o600)
    authzen = {
        "listen": "127.0.0.1:0",
        "url": "https://pdp.test",
        "callers": {"a": {"bearer": ["file:short.token"]}},
    }
    environment = settings(
        tmp_path,
        name="ti",
        gateway_url="http://localhost:8",
        acm_url="http://localhost:9",
        upstream_url="http://localhost:7",
        authzen=authzen,
    )
    server = Gateway(load(write_config(tmp_path, {"ti": environment})), "ti").decisions
    assert server is not None
    with pytest.raises(ValueError, match="32 characters"):
        asyncio.run(server.start())
