"""One gateway asks another by AuthZEN, as the policy `remote` does: decisions, batches, step-up, plans, and whom it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from simulator.login import login
from tests.decision_point.asking import ALL, callers
from tests.gateway_fixture import PAGE, EchoUpstream, GatewayFixture, gateway_fixture, scripted
from tests.running import free_socket

EID, ITSME = "urn:be:vlaanderen:authmech:eid", "urn:be:vlaanderen:authmech:itsme"
DECIDES: list[Any] = [
    {
        "id": "strong",
        "match": {"path": "/strong/**"},
        "require": ["authenticated", {"assurance": {"any_of": [EID]}}],
    },
    {"id": "filed", "match": {"path": "/filed/**"}, "require": [{"right": {"right": "indiener"}}]},
    {"id": "own", "match": {"path": "/own/{kbo}"}, "require": [{"organisation": {"equals": "{kbo}"}}]},
]


def enforces(url: str, secret: str) -> list[Any]:
    def ask(name: str = "pdp", **options: Any) -> dict[str, Any]:
        usual = {
            "protocol": "authzen",
            "url": url,
            "name": name,
            "token": f"file:{secret}",
            "subject_type": "person",
            "send": ["organisation", "doelgroep", "rights", "acr"],
            "timeout": "20s",
        }
        return {"remote": {**usual, **options}}

    return [
        {
            "id": "batch",
            "match": {"path": "/batch/**"},
            "require": [ask("strong", resource="/strong/x"), ask("filed", resource="/filed/x")],
        },
        {"id": "everything", "match": {"path": "/**"}, "require": [ask()]},
    ]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    decides, asks = tmp_path_factory.mktemp("decides"), tmp_path_factory.mktemp("asks")
    authzen = {"callers": callers(decides, register=ALL), "url": "http://LISTEN"}
    with ExitStack() as stack:
        point = stack.enter_context(
            gateway_fixture(decides, authzen=authzen, provider=scripted, rules=DECIDES)
        )
        rules = enforces(f"http://127.0.0.1:{point.authzen_port}", str(decides / "register.token"))
        provider = {"acr_values": [EID, ITSME], "step_up": "at-once"}
        yield stack.enter_context(
            gateway_fixture(asks, backend=EchoUpstream(), rules=rules, provider_settings=provider)
        )


@pytest.fixture(scope="module")
def submitter(gate: GatewayFixture) -> str:
    return login(gate.url, "indiener", means="itsme")


def get(gate: GatewayFixture, path: str, cookie: str, **headers: str) -> httpx2.Response:
    return httpx2.get(gate.url + path, headers={"cookie": cookie, **headers}, trust_env=False, timeout=30)


def test_the_rules_of_one_gateway_count_at_the_other(gate: GatewayFixture, submitter: str) -> None:
    assert get(gate, "/filed/x", submitter).status_code == 200
    assert get(gate, "/own/0456789034", submitter).status_code == 200
    denied = get(gate, "/own/0316380841", submitter)
    assert denied.status_code == 403
    assert [[step["organisation"] for step in plan] for plan in denied.json()["plans"]] == [["0316380841"]]
    # No rule there: nothing is allowed.
    assert get(gate, "/elsewhere", submitter).status_code == 403


def test_a_step_up_there_is_one_here(gate: GatewayFixture, submitter: str) -> None:
    answer = get(gate, "/strong/x", submitter, **PAGE)
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer.headers["location"]).query)["acr_values"] == [EID]
    assert get(gate, "/strong/x", login(gate.url, "indiener", means="eid")).status_code == 200


def test_two_conditions_are_one_call_and_both_count(gate: GatewayFixture, submitter: str) -> None:
    denied = get(gate, "/batch/x", submitter)
    record = gate.records_with(denied.headers["x-request-id"])[0]
    strong, filed = record["facts"]["remote:strong"], record["facts"]["remote:filed"]
    assert (strong["allow"], filed["allow"]) == (False, True)
    assert strong["request"] == filed["request"]
    assert get(gate, "/batch/x", login(gate.url, "indiener", means="eid")).status_code == 200


def test_who_grants_there_is_said_here(gate: GatewayFixture) -> None:
    denied = get(gate, "/filed/x", login(gate.url, "zonder-recht", means="itsme"))
    assert denied.status_code == 403
    steps = [step for plan in denied.json()["plans"] for step in plan]
    assert {step["right"] for step in steps if step["type"] == "grant"} == {"OVAMGebruiker"}
    assert any("lokale beheerder" in step.get("granted_by", {}).get("nl", "") for step in steps)


def test_a_gateway_that_asks_itself_denies_without_a_flood(tmp_path: Path) -> None:
    """Two conditions, each of which would be asked about twice again."""
    sock = free_socket()
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    secret = tmp_path / "register.token"
    authzen = {"callers": callers(tmp_path, register=ALL), "url": url, "socket": sock}
    rules = enforces(url, str(secret))
    with gateway_fixture(tmp_path, authzen=authzen, provider=scripted, rules=rules) as gateway:
        question = {
            "subject": {"type": "person", "id": "anna"},
            "action": {"name": "GET"},
            "resource": {"type": "path", "id": "/batch/1"},
        }
        headers = {"authorization": f"Bearer {secret.read_text().strip()}"}
        answer = httpx2.post(f"{url}/access/v1/evaluation", json=question, headers=headers, trust_env=False)
        assert answer.json()["decision"] is False
        metrics = httpx2.get(f"http://127.0.0.1:{gateway.observe_port}/metrics", trust_env=False).text
        (line,) = (each for each in metrics.splitlines() if "evaluations_total{" in each)
        # The question, and each of its two conditions once.
        assert float(line.rpartition(" ")[2]) == 3
