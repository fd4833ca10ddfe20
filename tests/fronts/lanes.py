"""A gateway with a register of its own before each front, so that the cases run through all fronts at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.fronts.engines import ENGINES, Place, running
from tests.gateway_fixture import Clock, GatewayFixture, gateway_fixture, scripted
from tests.identity.test_header_cases import CORPORATE, IDENTITY, PERSONS
from tests.running import RawUpstream, free_ports

ADMIN = [{"claim": {"name": "roles", "contains": "admin"}}]
# The rules of all files of cases.
RULES: list[Any] = [
    {"id": "public-itself", "match": {"path": "/public"}, "require": ADMIN},
    {
        "id": "public",
        "match": {"path": "/public/**", "methods": ["GET", "HEAD", "POST", "OPTIONS"]},
        "require": ["anyone"],
        "websocket": True,
    },
    {"id": "admin", "match": {"path": "/admin/**"}, "require": ADMIN, "websocket": True},
    {"id": "app-admin", "match": {"path": "/app/admin/**"}, "require": ADMIN},
    {"id": "corporate", "match": {"path": "/corp-only/**"}, "require": CORPORATE},
    {"id": "app", "match": {"path": "/app/**"}, "require": ["authenticated"], "websocket": True},
    {"id": "reports", "match": {"regex": r"/reports/\d+/view"}, "require": ["anyone"]},
    {"id": "files", "match": {"path": "/files/{name}/download"}, "require": ["anyone"]},
]
LIMIT = "300ms"
_ADMIN = {"sub": "root", "roles": ["admin"], "context": "ctx-1", "vo_email": "root@corp.test"}


@dataclass
class Lane:
    """One way to a register: `gate` has the port of the front, `own` that of the gateway itself."""

    name: str
    gate: GatewayFixture
    own: GatewayFixture
    tickets: dict[str, list[str]] = field(default_factory=dict)

    @property
    def register(self) -> RawUpstream:
        assert isinstance(self.gate.upstream, RawUpstream)
        return self.gate.upstream

    def tickets_of(self, person: str) -> list[str]:
        """A ticket for each of the people that a word of the cases stands for. They log in at the gateway itself."""
        found = self.tickets.setdefault(person, [])
        gate = self.own
        for claims in ({"admin": [_ADMIN]} | PERSONS)[person] if not found else ():
            gate.op.claims = {name: value for name, value in claims.items() if name != "sub"}
            gate.op.subject = claims["sub"]
            with gate.browser() as browser:
                browser.log_in("/app/x")
                found.append(str(gate.ticket(browser)))
        return found


@contextlib.contextmanager
def lane(name: str, folder: Path) -> Iterator[Lane]:
    """The lane through this front. Skips where it is not installed."""
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        gate = stack.enter_context(
            gateway_fixture(
                folder,
                provider=scripted,
                backend=RawUpstream(),
                rules=RULES,
                identity=IDENTITY,
                clock=Clock(),
                edge={
                    "hosts": ["gw.test"],
                    "header_timeout": LIMIT,
                    "body_timeout": LIMIT,
                    "trusted_proxies": ["127.0.0.1/32"],
                },
                fronts={name: {"dialect": name}},
            )
        )
        port, inner = free_ports(2)
        (folder / "front").mkdir()
        place = Place(folder / "config.yaml", port, name, inner=inner)
        stack.enter_context(running(name, folder / "front", place))
        yield Lane(name, replace(gate, url=f"http://localhost:{port}", port=port), gate)


@contextlib.contextmanager
def lanes(folder: Path) -> Iterator[dict[str, Lane]]:
    """Those of all fronts that are installed."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name in ENGINES:
            with contextlib.suppress(pytest.skip.Exception):
                found[name] = stack.enter_context(lane(name, folder / name))
        yield found
