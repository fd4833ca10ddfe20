"""Machines with the same settings have the same fingerprint, whatever is of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.config import load
from gateway.config.fingerprint import fingerprint
from tests.gateways import settings, write_config


def printed(folder: Path, listen: str = "127.0.0.1:1", **changes: Any) -> str:
    folder.mkdir()
    environment = settings(
        folder, name="ti", gateway_url="http://localhost:9", acm_url="http://localhost:8",
        upstream_url="http://localhost:7", listen=listen, **changes,
    )  # fmt: skip
    return fingerprint(load(write_config(folder, {"ti": environment})).environment("ti"))


def test_only_what_machines_must_agree_on_counts(tmp_path: Path) -> None:
    usual = printed(tmp_path / "a")
    assert len(usual) == 13
    own = {"listen": "127.0.0.1:2", "observe": {"listen": "127.0.0.1:3"}, "blocks": {"file": "b.json"}}
    assert printed(tmp_path / "b", **own) == usual
    assert printed(tmp_path / "c", session={"idle_timeout": "7m"}) != usual
    assert printed(tmp_path / "d", edge={"hosts": ["other.example"]}) != usual
