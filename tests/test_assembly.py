"""What is put together belongs together, and nothing is opened by it."""

from __future__ import annotations

from pathlib import Path

from gateway.assembly import Assembly
from gateway.config import load
from tests.gateways import settings, write_config


def test_nothing_is_opened_and_one_hub_carries_all_events(tmp_path: Path) -> None:
    environment = settings(
        tmp_path,
        name="ti",
        gateway_url="https://register.test",
        acm_url="http://localhost:9",
        upstream_url="http://localhost:9",
        listen="127.0.0.1:0",
    )
    parts = Assembly(load(write_config(tmp_path, {"ti": environment})), "ti")
    assert parts.sessions.cookie_name == "__Host-tgp-ti-session"
    assert parts.pipeline.forward.streams is parts.streams
    assert parts.pipeline.judge.authorize.rules() is parts.reload.rules()
    assert parts.upstreams.open_connections == 0
    assert not (tmp_path / "var").exists()
