"""`gateway doctor` against providers that are well and that are not: what it finds, what it says to do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import trustme
from starlette.responses import JSONResponse
from typer.testing import CliRunner, Result

from gateway.cli import application
from simulator.acm.app import create_acm
from simulator.acm.clients import Client
from simulator.acm.state import AcmState
from simulator.data.seed import load_people
from simulator.faults.store import by_name
from simulator.run import bind, url_of
from tests.auth.scripted_provider import CLIENT_ID, SECRET, ScriptedProvider
from tests.gateways import settings, write_config
from tests.keys import client_keys
from tests.running import free_socket, raw_upstream, serving


@dataclass
class House:
    """A configuration, and how it is examined."""

    folder: Path
    environment: dict[str, Any]

    def examined(self, *arguments: str) -> Result:
        path = write_config(self.folder, {"ti": self.environment})
        return CliRunner().invoke(application(), ["doctor", "--config", str(path), *arguments])

    def found(self) -> dict[str, str]:
        """The worst status of each check."""
        order = ["skipped", "ok", "warning", "failed"]
        worst: dict[str, str] = {}
        for finding in json.loads(self.examined("--json").stdout):
            before = worst.get(finding["check"], "skipped")
            worst[finding["check"]] = max(before, finding["status"], key=order.index)
        return worst


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


def test_all_is_well_at_the_simulated_acm(simulated: tuple[House, AcmState]) -> None:
    report = simulated[0].examined()
    assert report.exit_code == 0, report.stdout
    assert simulated[0].found() == GOOD
    assert "ok       client" in report.stdout
    assert "0 failed, 0 to look at" in report.stdout


@pytest.mark.parametrize(
    ("change", "failed", "advice"),
    [
        ({"client_id": "somebody-else"}, "client", "integratiedossier"),
        ({"scopes": ["openid", "not_granted"]}, "scopes", "remove from provider.scopes"),
        ({"pushed_authorization": True}, "endpoints", "pushed_authorization to false"),
        (
            {"client_auth": {"method": "private_key_jwt", "key": "file:nothing.pem"}},
            "client",
            "keys generate",
        ),
    ],
)
def test_what_acm_does_not_know(
    simulated: tuple[House, AcmState], change: dict[str, Any], failed: str, advice: str
) -> None:
    simulated[0].environment["provider"] |= change
    report = simulated[0].examined()
    assert report.exit_code == 1
    assert simulated[0].found()[failed] == "failed"
    assert advice in report.stdout


def test_a_redirect_uri_that_acm_does_not_know(simulated: tuple[House, AcmState]) -> None:
    simulated[0].environment["public_url"] = "http://localhost:9999"
    report = simulated[0].examined()
    assert report.exit_code == 1
    assert "have http://localhost:9999/oauth2/callback registered" in report.stdout


@pytest.mark.parametrize(
    ("fault", "failed"), [("discovery-down", "discovery"), ("keys-down", "keys"), ("token-fails", "client")]
)
def test_faults_of_acm(simulated: tuple[House, AcmState], fault: str, failed: str) -> None:
    simulated[1].faults.switch_on(by_name(fault))
    found = simulated[0].found()
    assert found[failed] == "failed"
    assert simulated[0].found()["register"] == "ok"


Break = Callable[[House, ScriptedProvider], Any]


def other_issuer(_house: House, op: ScriptedProvider) -> None:
    op.discovery["issuer"] = "https://evil.test"


def other_clock(_house: House, op: ScriptedProvider) -> None:
    keys_at(op, time.time() + 600)


def no_keys(_house: House, op: ScriptedProvider) -> None:
    op.answers["keys"] = lambda _asked: JSONResponse({"keys": []})


def wrong_key(_house: House, op: ScriptedProvider) -> None:
    op.client_key = ScriptedProvider.key_of(client_keys("another")[0])


def wrong_secret(found: House, _op: ScriptedProvider) -> None:
    (found.folder / "secret").write_text("wrong")
    (found.folder / "secret").chmod(0o600)
    found.environment["provider"]["client_auth"] = {"method": "client_secret_basic", "secret": "file:secret"}


def store_gone(found: House, _op: ScriptedProvider) -> None:
    sock = free_socket()
    port = sock.getsockname()[1]
    sock.close()
    found.environment["session"]["store"] = f"redis://127.0.0.1:{port}/0"


def register_gone(found: House, _op: ScriptedProvider) -> None:
    sock = free_socket()
    port = sock.getsockname()[1]
    sock.close()
    found.environment["upstream"]["url"] = f"http://127.0.0.1:{port}"


def open_secret(found: House, _op: ScriptedProvider) -> None:
    (found.folder / "secrets/ti/session.key").chmod(0o644)


def unknown_api(found: House, op: ScriptedProvider) -> None:
    op.answers["introspect"] = lambda _form: JSONResponse({"error": "invalid_client"}, 401)
    with_machines(found)


def issuer_gone(found: House, op: ScriptedProvider) -> None:
    with_machines(found)
    found.environment["machines"]["issuers"] = [{"issuer": "http://127.0.0.1:9/op", "audience": "api"}]


def with_machines(found: House) -> None:
    (found.folder / "api").write_text(SECRET)
    (found.folder / "api").chmod(0o600)
    found.environment["machines"] = {
        "introspection": {
            "client_id": CLIENT_ID,
            "client_auth": {"method": "client_secret_post", "secret": "file:api"},
        }
    }


@pytest.mark.parametrize(
    ("broken", "check", "advice"),
    [
        (other_issuer, "discovery", "letter for letter"),
        (other_clock, "clock", "NTP"),
        (no_keys, "keys", "nobody can log in"),
        (wrong_key, "client", "public key"),
        (wrong_secret, "client", "secret"),
        (store_gone, "store", "start the store"),
        (register_gone, "register", "start the register"),
        (open_secret, "file", "chmod 600"),
        (unknown_api, "introspection", "machines.introspection"),
        (issuer_gone, "issuer", "machines.issuers"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_broken_is_told_with_what_to_do(
    scripted: tuple[House, ScriptedProvider], broken: Break, check: str, advice: str
) -> None:
    broken(*scripted)
    report = scripted[0].examined()
    assert report.exit_code == 1, report.stdout
    assert f"FAILED   {check} " in report.stdout
    assert advice in report.stdout
    assert SECRET not in report.stdout
    assert scripted[0].found()[check] == "failed"


def test_machines_that_are_well(scripted: tuple[House, ScriptedProvider]) -> None:
    with_machines(scripted[0])
    assert scripted[0].found() == {**GOOD, "introspection": "ok"}


def test_pushed_requests_are_pushed_by_the_doctor_too(scripted: tuple[House, ScriptedProvider]) -> None:
    scripted[0].environment["provider"]["pushed_authorization"] = True
    assert scripted[0].found() == GOOD
    assert scripted[1].seen["par"] == 1


def test_things_to_look_at_are_no_failures(scripted: tuple[House, ScriptedProvider]) -> None:
    scripted[1].discovery["end_session_endpoint"] = None
    (scripted[0].folder / "secrets/ti/session.key").chmod(0o660)
    report = scripted[0].examined()
    assert report.exit_code == 0, report.stdout
    assert "2 to look at" in report.stdout
    assert "chmod 600" in report.stdout


@pytest.mark.parametrize(("days", "status"), [(400, "ok"), (5, "warning"), (-1, "failed")])
def test_certificates(scripted: tuple[House, ScriptedProvider], days: int, status: str) -> None:
    folder = scripted[0].folder
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    end = datetime.now(UTC) + timedelta(days=days)
    certificate = authority.issue_cert("gateway.test", not_after=end)
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "client.crt")
    certificate.private_key_pem.write_to_path(folder / "client.key")
    (folder / "client.key").chmod(0o600)
    scripted[0].environment["upstream"]["tls"] = {
        "certificate": str(folder / "client.crt"),
        "key": "file:client.key",
    }
    found = scripted[0].found()
    assert found["certificate"] == status


def test_wrong_arguments(tmp_path: Path) -> None:
    result = CliRunner().invoke(application(), ["doctor", "--config", str(tmp_path / "no.yaml")])
    assert result.exit_code == 1
