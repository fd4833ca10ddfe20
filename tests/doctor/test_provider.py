"""What `gateway doctor` finds at the provider, and what it says to do."""

from __future__ import annotations

import time
from typing import Any

import pytest
from starlette.responses import JSONResponse

from simulator.acm.state import AcmState
from simulator.faults.store import by_name
from tests.auth.scripted_provider import CLIENT_ID, SECRET, ScriptedProvider
from tests.doctor.conftest import GOOD, Break, House, keys_at
from tests.keys import client_keys


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
        (unknown_api, "introspection", "machines.introspection"),
        (issuer_gone, "issuer", "machines.issuers"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_broken_is_told_with_what_to_do(
    scripted: tuple[House, ScriptedProvider], broken: Break, check: str, advice: str
) -> None:
    broken(*scripted)
    scripted[0].must_fail(check, advice)


def test_machines_that_are_well(scripted: tuple[House, ScriptedProvider]) -> None:
    with_machines(scripted[0])
    assert scripted[0].found() == {**GOOD, "introspection": "ok"}


def test_pushed_requests_are_pushed_by_the_doctor_too(scripted: tuple[House, ScriptedProvider]) -> None:
    scripted[0].environment["provider"]["pushed_authorization"] = True
    assert scripted[0].found() == GOOD
    assert scripted[1].seen["par"] == 1
