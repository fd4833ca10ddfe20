"""Whether transmitters publish keys, asked of one that does and of one that states another issuer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from gateway.config import load
from gateway.doctor.check_result import CheckResult
from gateway.doctor.transmitters import transmitters
from tests.auth.scripted_transmitter import scripted_transmitter
from tests.config.test_lock import environments
from tests.config.test_rules import rule
from tests.gateways import write_config


def findings(folder: Path, *listed: Any) -> list[CheckResult]:
    signals = {"signals": {"transmitters": list(listed)}} if listed else {}
    environment = environments(folder)["ti"] | signals
    config = load(write_config(folder, {"ti": environment}, rules=[rule("a", "/a", "authenticated")]))
    return asyncio.run(transmitters(config.environments["ti"]))


def test_transmitters(tmp_path: Path) -> None:
    assert findings(tmp_path) == []
    with scripted_transmitter() as sender:
        agreed = {"issuer": sender.issuer, "audience": "x"}
        (found,) = findings(tmp_path, agreed)
        assert (found.check, found.status) == ("transmitter", "ok")
        sender.metadata = {"issuer": "https://other.test"}
        (found,) = findings(tmp_path, agreed)
        assert (found.status, found.cause) == ("failed", "answer")
        assert "another issuer" in found.says
        (found,) = findings(tmp_path, {**agreed, "authorization": "env:NOT_SET_ANYWHERE"})
        assert "NOT_SET_ANYWHERE" in found.says
