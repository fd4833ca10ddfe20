"""Cases from reports about gateways like this one, played with two people on a gateway that runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cases.runners import meaning
from tests.endpoints.report_register import report_register
from tests.gateway_fixture import OPEN_RULES, Browser, GatewayFixture, scripted_gateway
from tests.upstream.raw_client import Answer, converse

FOLDER = Path(__file__).parent.parent / "cases/reports"
CASES = [case for path in sorted(FOLDER.glob("*.json")) for case in json.loads(path.read_text("utf-8"))]
NETWORK = {"id": "net", "match": {"path": "/net/**"}, "require": [{"network": ["203.0.113.0/24"]}]}
# What a request of a case may have, and the cases here use.
FIELDS = frozenset(("line", "headers", "body", "cookie", "answer", "long"))


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder, register = tmp_path_factory.mktemp("reports"), report_register()
    with scripted_gateway(folder, backend=register, rules=[NETWORK, *OPEN_RULES]) as found:
        yield found


@pytest.fixture(scope="module")
def people(gate: GatewayFixture) -> Iterator[list[Browser | None]]:
    """Nobody, and two people by their number in the cases."""
    with gate.browser() as alice, gate.browser() as bob:
        alice.log_in()
        gate.op.subject = "bob"
        bob.log_in()
        yield [None, alice, bob]


def octets(gate: GatewayFixture, person: Browser | None, request: dict[str, Any]) -> bytes:
    assert set(request) <= FIELDS, f"the runner doesn't know {set(request) - FIELDS}"
    here, long = f"localhost:{gate.port}", "a" * request.get("long", 0)
    now = str(int(gate.clock()))
    line = request["line"].replace("{long}", long)
    if "answer" in request:
        line = line.replace("@", "/raw?x=" + request["answer"].encode("latin-1").hex())
    headers = [["Host", here], *([["Cookie", person.headers(None)["cookie"]]] if person is not None else [])]
    headers += [
        [name, value.replace("{long}", long).replace("{now}", now).replace("localhost:8000", here)]
        for name, value in request.get("headers", [])
    ]
    body = request.get("body", "")
    if body:
        headers.append(["Content-Length", str(len(body))])
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{line}\r\n{lines}\r\n{body}".encode("latin-1")


def head(answer: Answer) -> str:
    return "\r\n".join(f"{name}: {value}" for name, value in answer.headers).lower()


CHECKS: dict[str, Callable[[Answer, Any], bool]] = {
    "status": lambda answer, value: answer.status in (value if isinstance(value, list) else [value]),
    "has": lambda answer, value: value.lower() in head(answer),
    "lacks": lambda answer, value: value.lower() not in head(answer),
    "html": lambda answer, value: ("content-type: text/html" in head(answer)) is value,
    "body-has": lambda answer, value: value.encode("latin-1") in answer.body,
    "cookie-at-most": lambda answer, value: all(
        len(line.partition(";")[0]) <= value for line in answer.values("set-cookie")
    ),
    "body-lacks": lambda answer, value: value.encode("latin-1") not in answer.body,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_reported_cases(gate: GatewayFixture, people: list[Browser | None], case: dict[str, Any]) -> None:
    answers = []
    for request in case["requests"]:
        answers += converse(gate.port, octets(gate, people[request.get("cookie", 1)], request)).answers
    for number, kind, value in case["right"]:
        assert meaning(CHECKS, kind)(answers[number], value), (kind, value, answers[number])
