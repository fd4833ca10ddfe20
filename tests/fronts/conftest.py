"""One gateway with a front of each kind before it, where they are installed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.fronts.engines import ENGINES, Place, running
from tests.gateway_fixture import Browser, GatewayFixture, gateway_fixture, scripted
from tests.running import RawUpstream, kept_ports

RIGHT = [{"right": {"right": "indiener"}}]
RULES: list[Any] = [
    {"id": "public-itself", "match": {"path": "/public"}, "require": RIGHT},
    {"id": "public", "match": {"path": "/public/**"}, "require": ["anyone"]},
    {"id": "admin", "match": {"path": "/admin/**"}, "require": RIGHT},
    {"id": "app-admin", "match": {"path": "/app/admin/**"}, "require": RIGHT},
    {"id": "app", "match": {"path": "/app/**"}, "require": ["authenticated"]},
    {"id": "reports", "match": {"regex": r"/reports/\d+/view"}, "require": ["anyone"]},
    {"id": "files", "match": {"path": "/files/{name}/download"}, "require": ["anyone"]},
    {"id": "filed", "match": {"path": "/filed/**"}, "require": RIGHT},
    {"id": "strong", "match": {"path": "/strong/**"}, "require": [{"assurance": {"any_of": ["eid"]}}]},
    {"id": "moved", "match": {"path": "/moved"}, "redirect": {"to": "/public/here"}, "require": ["anyone"]},
    {"id": "live", "match": {"path": "/live/**"}, "require": ["authenticated"], "websocket": True},
    {
        "id": "tenant",
        "match": {"path": "/tenant/**"},
        "require": ["anyone"],
        "request_headers": {"set": {"X-Tenant": "gateway"}, "remove": ["x-csrf-token"]},
        "response_headers": {"set": {"Cache-Control": "max-age=60"}},
    },
    {
        "id": "often",
        "match": {"path": "/often"},
        "require": ["anyone", {"rate": {"limit": 3, "window": "1h", "per": "client"}}],
    },
]
USER = {"ovam_rol_3d": ["OVAMGebruiker-NonConformiteitenIndiener:0428315871"], "vo_orgcode": "0428315871"}


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GatewayFixture, dict[str, int]]]:
    """The gateway, and the port of each front that could be started."""
    folder = tmp_path_factory.mktemp("fronts")
    with contextlib.ExitStack() as stack:
        *ports, inner = stack.enter_context(kept_ports(len(ENGINES) + 1))
        numbers = dict(zip(ENGINES, ports, strict=True))
        gateway = stack.enter_context(
            gateway_fixture(
                folder,
                public_url=f"http://localhost:{numbers['nginx']}",
                provider=scripted,
                backend=RawUpstream(),
                rules=RULES,
                edge={"hosts": ["gw.test"]},
                blocks={"look_every": "100ms"},
                provider_settings={"login_limit": {"burst": 10_000}},
                fronts={
                    name: {"dialect": name, **({"cache": "30s"} if name == "nginx" else {})}
                    for name in ENGINES
                },
            )
        )
        started = {}
        for name, port in numbers.items():
            place = Place(folder / "config.yaml", port, name, inner=inner)
            (folder / name).mkdir()
            try:
                stack.enter_context(running(name, folder / name, place))
            except pytest.skip.Exception:
                continue
            started[name] = port
        yield gateway, started


@pytest.fixture(params=list(ENGINES))
def through(
    request: pytest.FixtureRequest, fleet: tuple[GatewayFixture, dict[str, int]]
) -> Iterator[GatewayFixture]:
    """The gateway behind one front: `url` and `port` are those of the front."""
    gateway, started = fleet
    name: str = request.param
    if name not in started:
        pytest.skip(f"{name} is not installed")
    gateway.upstream.clear()
    gateway.upstream.answer = RawUpstream().answer
    yield replace(gateway, url=f"http://localhost:{started[name]}", port=started[name])


@pytest.fixture
def behind_nginx(fleet: tuple[GatewayFixture, dict[str, int]]) -> GatewayFixture:
    """The gateway behind nginx alone."""
    gateway, started = fleet
    if "nginx" not in started:
        pytest.skip("nginx is not installed")
    gateway.upstream.clear()
    gateway.upstream.answer = RawUpstream().answer
    return replace(gateway, url=f"http://localhost:{started['nginx']}", port=started["nginx"])


@pytest.fixture
def browser(through: GatewayFixture) -> Iterator[Browser]:
    """Somebody who is logged in and has the right."""
    through.op.claims.update(USER)
    with through.browser() as found:
        found.log_in("/app/x")
        assert found.logged_in
        yield found
