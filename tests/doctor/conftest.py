"""Houses to examine: a configuration, with a provider and a register beside it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse
from typer.testing import CliRunner, Result

from gateway.cli import application
from simulator.acm.app import create_acm
from simulator.acm.clients import Client
from simulator.acm.state import AcmState
from simulator.data.seed import load_people
from simulator.run import bind, url_of
from tests.auth.scripted_provider import CLIENT_ID, SECRET, ScriptedProvider
from tests.gateways import settings, write_config
from tests.keys import client_keys
from tests.running import raw_upstream, serving


@dataclass
class House:
    """A configuration, and how it is examined."""

    folder: Path
    environment: dict[str, Any]

    def examined(self, *arguments: str) -> Result:
        path = write_config(self.folder, {"ti": self.environment})
        return CliRunner().invoke(application(["doctor"]), ["doctor", "--config", str(path), *arguments])

    def found(self) -> dict[str, str]:
        """The worst status of each check."""
        order = ["skipped", "ok", "warning", "failed"]
        worst: dict[str, str] = {}
        for finding in json.loads(self.examined("--json").stdout):
            before = worst.get(finding["check"], "skipped")
            worst[finding["check"]] = max(before, finding["status"], key=order.index)
        return worst

    def must_fail(self, check: str, advice: str) -> None:
        """Examine the house, where this check has to fail with advice, and no secret is shown."""
        report = self.examined()
        assert report.exit_code == 1, report.stdout
        assert f"FAILED   {check} " in report.stdout
        assert advice in report.stdout
        assert SECRET not in report.stdout
        assert self.found()[check] == "failed"


def house(folder: Path, acm_url: str, upstream_port: int, **provider: Any) -> House:
    environment = settings(
        folder,
        name="ti",
        gateway_url="http://localhost:8000",
        acm_url=acm_url,
        upstream_url=f"http://127.0.0.1:{upstream_port}",
    )
    environment["provider"] |= provider
    return House(folder, environment)


GOOD = {
    "discovery": "ok",
    "keys": "ok",
    "clock": "ok",
    "endpoints": "ok",
    "client": "ok",
    "redirect-uri": "ok",
    "scopes": "ok",
    "file": "ok",
    "store": "ok",
    "register": "ok",
    "environments": "ok",
    "case": "skipped",
}


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[tuple[House, ScriptedProvider]]:
    op = ScriptedProvider(client_key=ScriptedProvider.key_of(client_keys("ti")[0]))
    with serving(op.app, lifespan="off") as running, raw_upstream() as upstream:
        op.issuer = f"{running.url}/op"
        keys_at(op, time.time())
        yield house(tmp_path, running.url, upstream.port, client_id=CLIENT_ID), op


def keys_at(op: ScriptedProvider, now: float) -> None:
    """The provider's keys, with the time by its clock."""
    date = formatdate(now, usegmt=True)
    op.answers["keys"] = lambda _asked: JSONResponse({"keys": op.keys}, headers={"date": date})


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[tuple[House, AcmState]]:
    acm_socket = bind(0)
    client = Client(
        client_id="gateway-under-test-ti",
        name="Toegangspoort",
        redirect_uris=("http://localhost:8000/oauth2/callback",),
        scopes=("openid", "profile", "vo", "ovam"),
        jwks=client_keys("ti")[1],
    )
    acm = AcmState("ti", url_of(acm_socket), (client,), load_people)
    with (
        serving(create_acm(acm), sock=acm_socket, lifespan="off", date_header=True),
        raw_upstream() as upstream,
    ):
        yield house(tmp_path, acm.base, upstream.port), acm


Break = Callable[[House, ScriptedProvider], Any]
