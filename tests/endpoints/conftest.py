"""One gateway with its ACM and register for the whole folder: real servers on free ports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.login import login
from simulator.register.app import create_register
from simulator.run import running
from tests.gateway_fixture import GatewayFixture, gateway_fixture


@pytest.fixture(scope="session")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder: Path = tmp_path_factory.mktemp("gate")
    with (
        running(lambda url: create_register(inside=url, environment="ti")) as register_url,
        gateway_fixture(folder, backend=register_url) as found,
    ):
        yield found


@pytest.fixture(scope="session")
def cookies(gate: GatewayFixture) -> dict[str, str]:
    """A Cookie header by persona, each from a real login."""
    personas = ("indiener", "zonder-recht", "verkeerde-context", "verlopen", "buitenland", "ovam")
    return {persona: login(gate.url, persona) for persona in personas}
