"""Searches page by page, by the same rules, blocks and addresses as evaluations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.decision_point.asking import ALL, OTHER_TOKEN, Program, asked_gateway, callers
from tests.gateway_fixture import GatewayFixture

RULES: list[Any] = [
    {
        "id": "inside",
        "match": {"path": "/inside/**"},
        "require": [{"network": {"any_of": ["198.51.100.0/24"]}}],
    },
    *(
        {"id": f"r{number}", "match": {"path": f"/r{number}"}, "require": ["authenticated"]}
        for number in range(7)
    ),
    {
        "id": "own",
        "match": {"path": "/organisaties/{kbo}/**", "methods": ["GET", "POST"]},
        "require": [{"right": {"right": "indiener"}}, {"organisation": {"equals": "{kbo}"}}],
    },
]
RIGHT = "OVAMGebruiker-NonConformiteitenIndiener:0428315871"
ANNA = {"type": "person", "id": "anna", "properties": {"organisation": "0428315871", "rights": [RIGHT]}}
PATHS = {"subject": ANNA, "action": {"name": "GET"}, "resource": {"type": "path"}}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GatewayFixture, Program]]:
    folder = tmp_path_factory.mktemp("searches")
    authzen = {"page_size": 3, "callers": callers(folder, register=ALL, portal=ALL)}
    with asked_gateway(folder, authzen, rules=RULES) as found:
        yield found


@pytest.fixture
def program(both: tuple[GatewayFixture, Program]) -> Program:
    return both[1]


def _every(program: Program, kind: str, question: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {}
    while True:
        answer = program.answer(f"/search/{kind}", {**question, "page": page})
        assert answer["page"]["count"] == len(answer["results"]) <= 3
        found += answer["results"]
        if not answer["page"]["next_token"]:
            assert answer["page"]["total"] == len(found)
            return found
        page = {"token": answer["page"]["next_token"]}


def test_the_open_paths_are_listed_by_rule_and_each_is_open(program: Program) -> None:
    found = _every(program, "resource", PATHS)
    rules = [each["properties"]["rule"] for each in found]
    assert sorted(set(rules)) == ["own", *(f"r{number}" for number in range(7))]
    own = next(each for each in found if each["properties"]["rule"] == "own")
    assert own["id"].startswith("/organisaties/0428315871")
    assert own["properties"]["pattern"] == "/organisaties/{kbo}/**"
    for each in found:
        assert program.decision(ANNA, "GET", each["id"])["decision"] is True
    from_inside = {**PATHS, "context": {"ip": "198.51.100.9"}}
    assert "inside" in {each["properties"]["rule"] for each in _every(program, "resource", from_inside)}


def test_a_token_is_for_its_question_and_its_caller_alone(program: Program) -> None:
    first = program.answer("/search/resource", {**PATHS, "page": {"limit": 2}})
    assert len(first["results"]) == 2
    page = {"token": first["page"]["next_token"], "limit": 2}
    assert program.post("/search/resource", {**PATHS, "page": page}).status_code == 200
    for odd in ({**page, "limit": 1}, {**page, "token": page["token"][:-2]}, {"token": "nonsense"}):
        assert program.post("/search/resource", {**PATHS, "page": odd}).status_code == 400
    other = {**PATHS, "action": {"name": "POST"}, "page": page}
    assert program.post("/search/resource", other).status_code == 400
    portal = program.with_token(OTHER_TOKEN)
    assert portal.post("/search/resource", {**PATHS, "page": page}).status_code == 400


def test_how_many_there_are_can_be_asked_alone(program: Program) -> None:
    found = program.answer("/search/resource", {**PATHS, "page": {"limit": 0}})
    assert found["results"] == []
    assert found["page"]["total"] >= 8
    assert found["page"]["next_token"]


def test_the_methods_that_are_open(program: Program) -> None:
    def names(path: str) -> list[str]:
        question = {"subject": ANNA, "resource": {"type": "path", "id": path}}
        return [each["name"] for each in _every(program, "action", question)]

    assert names("/organisaties/0428315871/1") == ["GET", "HEAD", "POST"]
    assert names("/organisaties/0777000187/1") == []
    assert "DELETE" in names("/r1")
    assert names("/oauth2/session") == []
    assert names("/a//b") == []


def test_those_who_are_let_in(program: Program) -> None:
    question = {
        "subject": {"type": "person"},
        "action": {"name": "GET"},
        "resource": {"type": "path", "id": "/organisaties/0428315871/1"},
    }
    (only,) = _every(program, "subject", question)
    assert only["properties"] == {
        "organisation": "0428315871",
        "rights": [RIGHT],
        "doelgroep": "x",
        "acr": "x",
    }
    assert program.answer("/evaluation", {**question, "subject": only})["decision"] is True
    nowhere = {**question, "resource": {"type": "path", "id": "/nowhere"}}
    assert _every(program, "subject", nowhere) == []
