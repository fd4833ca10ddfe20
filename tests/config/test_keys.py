"""Which keys an environment uses for what."""

from __future__ import annotations

from pathlib import Path

from gateway.config import load
from tests.gateways import settings, write_config


def test_each_purpose_has_the_keys_of_sessions_or_its_own(tmp_path: Path) -> None:
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020", session={"previous_keys": ["file:old.key"]},
        keys={"pseudonyms": {"key": "file:p.key", "previous": ["file:secrets/ti/session.key"]}},
    )  # fmt: skip
    found = load(write_config(tmp_path, {"ti": environment})).environment("ti")
    references = {
        purpose: [secret.reference for secret in found.ring(purpose).secrets]
        for purpose in ("sessions", "flows", "pseudonyms")
    }  # fmt: skip
    sessions = ["file:secrets/ti/session.key", "file:old.key"]
    assert references == {
        "sessions": sessions,
        "flows": sessions,
        "pseudonyms": ["file:p.key", "file:secrets/ti/session.key"],
    }
