"""`gateway keys generate`, run as an operator runs it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.gateways import settings, write_config
from tests.processes import command


def test_keys_are_made_once_and_only_for_the_owner(tmp_path: Path) -> None:
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    config = write_config(tmp_path, {"ti": environment})
    folder = tmp_path / "secrets/ti"
    for path in folder.iterdir():
        path.unlink()
    first = command("keys", "generate", "--config", str(config), "--env", "ti")
    assert first.returncode == 0, first.stderr
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(made) == {"client.pem", "assertion.pem", "session.key", "client.jwks.json"}
    for name in ("client.pem", "assertion.pem", "session.key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert set(json.loads(made["client.jwks.json"])["keys"][0]) & {"d", "p", "q"} == set()
    command("keys", "generate", "--config", str(config), "--env", "ti")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == made
