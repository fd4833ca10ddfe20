"""A gateway with a decision point for tests, and a program that asks it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.gateway_fixture import Clock, EchoUpstream, GatewayFixture, gateway_fixture, scripted
from tests.gateways import PLUGINS

POLICIES = str(Path(__file__).parent / "policies")
TOKEN = "a-token-that-the-register-asks-with-0"
OTHER_TOKEN = "a-token-that-another-program-asks-with"


@dataclass
class Program:
    """A program that asks a decision point."""

    url: str
    client: httpx2.Client
    token: str = TOKEN

    def post(self, path: str, data: Any, **headers: str) -> httpx2.Response:
        """Ask at a path below /access/v1."""
        lines = {"authorization": f"Bearer {self.token}", **headers}
        return self.client.post(f"{self.url}/access/v1{path}", json=data, headers=lines)

    def answer(self, path: str, data: Any) -> dict[str, Any]:
        """The answer, which must be one."""
        response = self.post(path, data)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "application/json"
        found: dict[str, Any] = response.json()
        return found

    def decision(self, subject: Any, method: str, path: str, **context: Any) -> dict[str, Any]:
        """The answer about one path."""
        question = {
            "subject": subject,
            "action": {"name": method},
            "resource": {"type": "path", "id": path},
            "context": context,
        }
        return self.answer("/evaluation", question)

    def with_token(self, token: str) -> Program:
        """Another program."""
        return Program(self.url, self.client, token)


def callers(folder: Path, **several: Mapping[str, Any]) -> dict[str, Any]:
    """The callers of this name, each with a token of its own in a file."""
    found: dict[str, Any] = {}
    for name, settings in several.items():
        token = TOKEN if name == "register" else OTHER_TOKEN
        file = folder / f"{name}.token"
        file.write_text(f"{token}\n")
        file.chmod(0o600)
        found[name] = {"bearer": [f"file:{file}"], **settings}
    return found


ALL = {"may": ["evaluate", "search", "describe", "count"]}


@contextlib.contextmanager
def asked_gateway(
    folder: Path, authzen: Mapping[str, Any] | None = None, **options: Any
) -> Iterator[tuple[GatewayFixture, Program]]:
    """A gateway with a decision point, and the register that asks it."""
    usual: dict[str, Any] = {
        "provider": scripted,
        "backend": EchoUpstream(),
        "clock": Clock(),
        "plugins": (PLUGINS, POLICIES),
    }
    settings = {"callers": callers(folder, register=ALL), **(authzen or {})}
    with gateway_fixture(folder, authzen=settings, **{**usual, **options}) as found:
        yield found, Program(f"http://127.0.0.1:{found.authzen_port}", found.client)
