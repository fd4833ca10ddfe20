"""The HTTPS binding: who may ask, which bodies are read, and what is said of every other request."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.decision_point.asking import TOKEN, Program, asked_gateway
from tests.gateway_fixture import GatewayFixture

EVALUATION = "/access/v1/evaluation"
QUESTION = {
    "subject": {"type": "person", "id": "anna"},
    "action": {"name": "GET"},
    "resource": {"type": "path", "id": "/echo"},
}
JSON = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GatewayFixture, Program]]:
    authzen = {"max_body_bytes": 2_048, "max_evaluations": 3}
    rules = [{"id": "all", "match": {"path": "/**"}, "require": ["authenticated"]}]
    folder = tmp_path_factory.mktemp("service")
    settings: dict[str, Any] = {**authzen, "url": "https://pdp.test/tenant"}
    from tests.decision_point.asking import ALL, callers

    settings["callers"] = callers(folder, register=ALL, portal={"may": ["evaluate"]})
    with asked_gateway(folder, settings, rules=rules) as found:
        yield found


def _ask(
    program: Program,
    method: str = "POST",
    path: str = EVALUATION,
    content: bytes | None = None,
    **headers: str,
) -> httpx2.Response:
    body = json.dumps(QUESTION).encode() if content is None else content
    lines = {name: value for name, value in {**JSON, **headers}.items() if value}
    return program.client.request(method, f"{program.url}/tenant{path}", content=body, headers=lines)


def test_only_programs_with_a_credential_are_answered(both: tuple[GatewayFixture, Program]) -> None:
    _, program = both
    assert _ask(program).json()["decision"] is True
    for given in ("", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
        answer = _ask(program, authorization=given)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="authzen"'
        assert answer.headers["content-type"].startswith("text/plain")
    assert _ask(program, path="/access/v1/nowhere", authorization="").status_code == 401


def test_the_wrong_paths_methods_and_bodies_are_refused(both: tuple[GatewayFixture, Program]) -> None:
    _, program = both
    assert _ask(program, path="/access/v1/nowhere").status_code == 404
    assert _ask(program, path=EVALUATION + "/").status_code == 404
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        answer = _ask(program, method)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert _ask(program, **{"content-type": ""}).status_code == 400
    assert _ask(program, **{"content-type": "application/json; charset=latin1"}).status_code == 400
    assert _ask(program, **{"content-type": "application/jsonp"}).status_code == 400
    bomb = gzip.compress(json.dumps({**QUESTION, "x": "0" * 1_000_000}).encode())
    assert _ask(program, content=bomb, **{"content-encoding": "gzip"}).status_code == 415
    large = json.dumps({**QUESTION, "x": "0" * 3_000}).encode()
    assert _ask(program, content=large).status_code == 413
    assert _ask(program, content=b'{"a":' * 300).status_code == 400
    assert _ask(program, content=b'{"subject": 1, "subject": 2}').status_code == 400


def test_a_body_in_chunks_is_bounded_too(both: tuple[GatewayFixture, Program]) -> None:
    _, program = both
    url = f"{program.url}/tenant{EVALUATION}"

    def chunks() -> Iterator[bytes]:
        for _ in range(10):
            yield b" " * 1_000

    answer = program.client.post(url, content=chunks(), headers=JSON)
    assert answer.status_code == 413
    whole = json.dumps(QUESTION).encode()
    answer = program.client.post(url, content=iter((whole[:10], whole[10:])), headers=JSON)
    assert answer.json()["decision"] is True


def test_a_batch_is_bounded(both: tuple[GatewayFixture, Program]) -> None:
    _, program = both
    several = {**QUESTION, "evaluations": [{}] * 4}
    answer = _ask(program, path="/access/v1/evaluations", content=json.dumps(several).encode())
    assert (answer.status_code, answer.text) == (400, "evaluations: at most 3 in one question, not 4\n")


def test_who_may_not_search_gets_403(both: tuple[GatewayFixture, Program]) -> None:
    _, program = both
    from tests.decision_point.asking import OTHER_TOKEN

    search = {"subject": {"type": "person"}, "action": QUESTION["action"], "resource": QUESTION["resource"]}
    content = json.dumps(search).encode()
    path = "/access/v1/search/subject"
    assert _ask(program, path=path, content=content).status_code == 200
    refused = _ask(program, path=path, content=content, authorization=f"Bearer {OTHER_TOKEN}")
    assert refused.status_code == 403
    assert "may: [search]" in refused.text
    counted = json.dumps({**QUESTION, "context": {"counts": True}}).encode()
    assert _ask(program, content=counted, authorization=f"Bearer {OTHER_TOKEN}").status_code == 403


def test_the_metadata_say_where_everything_is(both: tuple[GatewayFixture, Program]) -> None:
    _, program = both
    url = f"{program.url}/.well-known/authzen-configuration/tenant"
    found = program.client.get(url, headers={"x-request-id": "m-1"})
    assert found.json()["policy_decision_point"] == "https://pdp.test/tenant"
    assert found.json()["search_action_endpoint"] == "https://pdp.test/tenant/access/v1/search/action"
    assert found.headers["x-request-id"] == "m-1"
    assert found.headers["cache-control"] == "max-age=300"
    assert program.client.post(url).status_code == 405
    assert program.client.get(f"{program.url}/.well-known/authzen-configuration").status_code == 401


def test_a_request_id_is_one_and_not_endless(both: tuple[GatewayFixture, Program]) -> None:
    _, program = both
    long = _ask(program, **{"x-request-id": "x" * 257})
    assert (long.status_code, "x-request-id" in long.headers) == (400, False)
    unknown = _ask(program, authorization="", **{"x-request-id": "mine"})
    assert (unknown.status_code, unknown.headers["x-request-id"]) == (401, "mine")


def test_a_fault_is_an_answer_too(
    both: tuple[GatewayFixture, Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, program = both
    decision_point = gateway.gateway.decisions
    assert decision_point is not None

    async def broken(_: Any) -> dict[str, Any]:
        raise KeyError("x")

    monkeypatch.setitem(decision_point.api._endpoints, f"/tenant{EVALUATION}", broken)
    answer = _ask(program, **{"x-request-id": "mine"})
    assert (answer.status_code, answer.text) == (500, "internal-error\n")
    assert answer.headers["x-request-id"] == "mine"


@pytest.mark.parametrize("address", ["http://[::1", "http://[x]/", "http://a\u2100b/"])
def test_one_address_that_cannot_be_read_leaves_the_other_answers(
    both: tuple[GatewayFixture, Program], address: str
) -> None:
    _, program = both
    odd = {"resource": {"type": "path", "id": address}}
    body = json.dumps({**QUESTION, "evaluations": [odd, {}]}).encode()
    first, second = _ask(program, path=f"{EVALUATION}s", content=body).json()["evaluations"]
    assert first["context"]["error"]["status"] == 400
    assert second["decision"] is True


def test_the_public_listener_answers_no_such_question(both: tuple[GatewayFixture, Program]) -> None:
    gateway, program = both
    answer = program.client.post(f"{gateway.url}/tenant{EVALUATION}", json=QUESTION, headers=JSON)
    assert answer.status_code == 401
    assert answer.json()["code"] == "login-required"


def test_a_client_that_leaves_early_breaks_nothing(both: tuple[GatewayFixture, Program]) -> None:
    gateway, program = both
    with socket.create_connection(("127.0.0.1", gateway.authzen_port)) as client:
        head = f"POST /tenant{EVALUATION} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        client.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
    assert _ask(program).status_code == 200
