"""One environment of a configuration, with what each test changes of it. Nothing of it is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.assembly.environment import Environment
from gateway.config import load
from tests.gateways import settings, write_config

Made = Callable[..., Environment]
MACHINES = {"issuers": [{"issuer": "https://tokens.test", "audience": "https://register.test/api"}]}
SIGNALS = {"transmitters": [{"issuer": "https://ssf.test", "audience": "https://register.test/signals"}]}


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """`made(clock=..., rules=..., **changes)`: T&I with these changes of its settings."""

    def make(*, rules: list[Any] | None = None, now: float = 1_000.0, **changes: Any) -> Environment:
        environment = settings(
            tmp_path,
            name="ti",
            gateway_url="https://register.test",
            acm_url="http://localhost:9",
            upstream_url="http://localhost:9",
            **{"listen": "127.0.0.1:0", **changes},
        )
        config = load(write_config(tmp_path, {"ti": environment}, rules=rules))
        return Environment.of(config, "ti", clock=lambda: now, steady=lambda: now)

    return make
