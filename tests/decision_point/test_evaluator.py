"""A request that nobody sent is judged by the stages of one that was, leaves a record of its own, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from gateway.blocks.block_list import Block, change
from tests.decision_point.asking import Program, asked_gateway
from tests.gateway_fixture import GatewayFixture
from tests.waiting import until

RIGHT = "OVAMGebruiker-NonConformiteitenIndiener:0428315871"
EID = "urn:be:vlaanderen:authmech:eid"
RULES: list[Any] = [
    {
        "id": "few",
        "match": {"path": "/few"},
        "require": ["authenticated", {"rate": {"limit": 2, "window": "1h"}}],
    },
    {"id": "office", "match": {"path": "/office"}, "require": [{"network": {"any_of": ["198.51.100.0/24"]}}]},
    {
        "id": "hours",
        "match": {"path": "/hours"},
        "require": [{"schedule": {"hours": {"mon-fri": "08:00-18:00"}}}],
    },
    {"id": "old", "match": {"path": "/old/**"}, "redirect": {"to": "/new"}, "require": ["anyone"]},
    {
        "id": "strong",
        "match": {"path": "/strong"},
        "require": ["authenticated", {"assurance": {"any_of": [EID]}}],
    },
    {"id": "filed", "match": {"path": "/filed/**"}, "require": [{"right": {"right": "indiener"}}]},
    {"id": "echo", "match": {"path": "/**", "methods": ["GET", "POST"]}, "require": ["authenticated"]},
]
ANNA = {"type": "person", "id": "anna", "properties": {"organisation": "0428315871"}}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GatewayFixture, Program]]:
    folder = tmp_path_factory.mktemp("evaluation")
    with asked_gateway(folder, rules=RULES, blocks={"look_every": "100ms"}) as found:
        yield found


@pytest.fixture
def program(both: tuple[GatewayFixture, Program]) -> Program:
    return both[1]


def test_a_permission_names_its_rule(program: Program) -> None:
    answer = program.decision(ANNA, "GET", "/echo")
    context = answer["context"]
    assert answer["decision"] is True
    assert (context["rule"], context["reason_admin"]) == ("echo", {"200": "rule 'echo': allowed"})
    assert len(context["id"]) == 32


def test_a_denial_says_what_helps_as_its_page_does(program: Program) -> None:
    answer = program.decision(ANNA, "GET", "/filed/1", language="nl")
    context = answer["context"]
    assert answer["decision"] is False
    assert context["reason_admin"] == {"403": "rule 'filed': right-missing"}
    assert context["reason_user"]["403"].startswith("U hebt geen toegang tot deze pagina.")
    ((step,),) = context["plans"]
    assert step["type"] == "grant"
    assert (step["right"], step["organisation"]) == ("OVAMGebruiker", "0428315871")
    assert "lokale beheerder" in step["advice"]
    english = program.decision(ANNA, "GET", "/filed/1", language="en")["context"]
    assert english["reason_user"]["403"].startswith("You do not have access")


def test_a_login_with_other_means_is_asked_for_by_acr_values(program: Program) -> None:
    context = program.decision(ANNA, "GET", "/strong")["context"]
    assert context["acr_values"] == EID
    strong = {**ANNA, "properties": {"acr": EID}}
    assert program.decision(strong, "GET", "/strong")["decision"] is True


def test_address_and_moment_are_those_of_the_question(program: Program) -> None:
    for address, expected in (("198.51.100.7", True), ("203.0.113.1", False), ("::ffff:198.51.100.7", True)):
        assert program.decision(ANNA, "GET", "/office", ip=address)["decision"] is expected
    assert program.decision(ANNA, "GET", "/office")["decision"] is False
    for moment, expected in (
        ("2026-01-06T12:00+01:00", True),
        ("2026-01-06T20:00+01:00", False),
        ("2026-01-04T12:00+01:00", False),
    ):
        assert program.decision(ANNA, "GET", "/hours", time=moment)["decision"] is expected
    for context in (
        {"ip": "nowhere"},
        {"ip": 1},
        {"time": "noon"},
        {"time": "2026-01-06T12:00"},
        {"counts": "yes"},
    ):
        question = {
            "subject": ANNA,
            "action": {"name": "GET"},
            "resource": {"type": "path", "id": "/echo"},
            "context": context,
        }
        assert program.post("/evaluation", question).status_code == 400, context


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/echo%2F..", "400"),
        ("GET", "/a//b", "400"),
        ("GET", "/echo\x00", "400"),
        ("GET", "/oauth2/session", "404"),
        ("GET", "/.well-known/jwks.json", "404"),
        ("DELETE", "/echo", "403"),
        ("TRACE", "/echo", "405"),
        ("get", "/echo", "400"),
        ("GET", "https://elsewhere.test/echo", "400"),
        ("GET", "/old/1", "302"),
    ],
)
def test_what_no_request_could_do_is_denied(program: Program, method: str, path: str, status: str) -> None:
    answer = program.decision(ANNA, method, path)
    assert answer["decision"] is False
    assert status in answer["context"]["reason_admin"], answer


def test_an_address_in_full_is_one_of_this_environment(both: tuple[GatewayFixture, Program]) -> None:
    gateway, program = both
    assert program.decision(ANNA, "GET", f"{gateway.url}/echo")["decision"] is True
    assert program.decision(ANNA, "GET", "/caf\u00e9")["decision"] is True


def test_evaluations_use_up_no_rate_unless_that_is_asked(program: Program) -> None:
    for _ in range(4):
        assert program.decision(ANNA, "GET", "/few")["decision"] is True
    assert [program.decision(ANNA, "GET", "/few", counts=True)["decision"] for _ in range(3)] == [
        True,
        True,
        False,
    ]
    denied = program.decision(ANNA, "GET", "/few")
    assert denied["decision"] is False
    assert denied["context"]["retry_after"] > 0


def test_the_record_says_who_asked_and_counts_as_no_request(both: tuple[GatewayFixture, Program]) -> None:
    gateway, program = both
    asked = "2026-01-06T12:00+01:00"
    question = {
        "subject": ANNA,
        "action": {"name": "GET"},
        "resource": {"type": "path", "id": "/filed/1"},
        "context": {"time": asked},
    }
    response = program.post("/evaluation", question, **{"x-request-id": "question-1"})
    name = response.json()["context"]["id"]
    (record,) = gateway.records_with(name)
    assert record["kind"] == "evaluation"
    assert (record["verdict"], record["rule"], record["path"]) == ("deny", "filed", "/filed/1")
    assert record["asked_by"] == {
        "caller": "register",
        "question": "question-1",
        "subject": "person",
        "action": "GET",
        "resource": "path",
        "moment": datetime.fromisoformat(asked).timestamp(),
    }
    assert abs(record["now"] - gateway.clock()) < 60
    assert "anna" not in json.dumps(record)
    metrics = gateway.client.get(f"http://127.0.0.1:{gateway.observe_port}/metrics").text
    counted = [line for line in metrics.splitlines() if line.startswith("toegangspoort_")]
    assert any('evaluations_total{caller="register",verdict="deny"}' in line for line in counted)
    assert not any(line.startswith("toegangspoort_authz_total") for line in counted)


def test_whoever_is_blocked_is_denied_at_every_moment(both: tuple[GatewayFixture, Program]) -> None:
    gateway, program = both
    blocked = {"type": "person", "id": "zoe", "properties": {"organisation": "0777000187"}}
    assert program.decision(blocked, "GET", "/echo")["decision"] is True
    file = gateway.gateway.areas.rules.reload.config.blocks_file("ti")
    change(file, "ti", lambda _: [Block("b1", "organisation", "0777000187", "tried", "operator", 0.0, None)])
    assert until(lambda: not program.decision(blocked, "GET", "/echo")["decision"], 20.0)
    past = program.decision(blocked, "GET", "/echo", time="2020-01-06T12:00+01:00")
    assert (past["decision"], past["context"]["code"]) == (False, "blocked")
    question = {"subject": blocked, "resource": {"type": "path", "id": "/echo"}}
    assert program.answer("/search/action", question)["results"] == []
