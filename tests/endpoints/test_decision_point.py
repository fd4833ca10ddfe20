"""Rules that ask a decision point by AuthZEN, in a whole gateway: one call, and what people are told of its answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.responses import Response

from simulator.login import login
from tests.gateway_fixture import PAGE, EchoUpstream, GatewayFixture, gateway_fixture
from tests.plugin.decision_point import ALLOWED, ScriptedPoint, scripted_point
from tests.waiting import until

EID, ITSME = "urn:be:vlaanderen:authmech:eid", "urn:be:vlaanderen:authmech:itsme"


def rules(url: str) -> list[dict[str, Any]]:
    def ask(name: str, **options: Any) -> dict[str, Any]:
        return {
            "remote": {
                "protocol": "authzen",
                "url": url,
                "name": name,
                "timeout": "5s",
                "resource": name,
                **options,
            }
        }

    def rule(name: str, *require: Any) -> dict[str, Any]:
        return {"id": name, "match": {"path": f"/{name}/**"}, "require": list(require)}

    return [
        rule("one", ask("a")),
        rule("both", ask("a"), ask("b", send=["acr"])),
        {"id": "stream", "match": {"path": "/events"}, "require": [ask("a")]},
        rule("either", {"any": [ask("a"), ask("b")]}),
    ]


@pytest.fixture(scope="module")
def served() -> Iterator[ScriptedPoint]:
    with scripted_point() as point:
        yield point


@pytest.fixture(scope="module")
def gate(served: ScriptedPoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("pdp")
        step_up = {"step_up": "at-once", "acr_values": [EID, ITSME]}
        yield stack.enter_context(
            gateway_fixture(
                folder,
                backend=EchoUpstream(),
                rules=rules(served.url),
                provider_settings=step_up,
                observe={"streams": {"judge_every": "100ms", "unjudged": "0s"}},
            )
        )


@pytest.fixture(scope="module")
def cookie(gate: GatewayFixture) -> str:
    return login(gate.url, "indiener", means="itsme")


@pytest.fixture
def point(served: ScriptedPoint) -> ScriptedPoint:
    served.reset()
    return served


def get(gate: GatewayFixture, path: str, cookie: str = "", **headers: str) -> httpx2.Response:
    return httpx2.get(gate.url + path, headers={"cookie": cookie, **headers}, trust_env=False)


def test_nobody_is_asked_about_who_is_not_logged_in(gate: GatewayFixture, point: ScriptedPoint) -> None:
    assert get(gate, "/one/x").status_code == 401
    assert point.calls == []


def test_the_conditions_of_a_rule_are_one_call(
    gate: GatewayFixture, point: ScriptedPoint, cookie: str
) -> None:
    assert get(gate, "/both/x", cookie).status_code == 200
    ((path, body),) = point.calls
    assert path == "/access/v1/evaluations"
    assert [each["resource"]["id"] for each in body["evaluations"]] == ["a", "b"]
    point.decide = lambda asked: {"decision": asked["resource"]["id"] == "b"}
    assert get(gate, "/both/x", cookie).status_code == 403
    assert get(gate, "/either/x", cookie).status_code == 200


def test_people_are_known_by_their_pseudonym(gate: GatewayFixture, point: ScriptedPoint, cookie: str) -> None:
    answer = get(gate, "/one/x", cookie)
    record = gate.records_with(answer.headers["x-request-id"])[0]
    (asked,) = point.asked
    assert asked["subject"] == {"type": "user", "id": record["who"]["person"]}
    assert record["facts"]["remote:a"]["request"] == point.headers[0]["x-request-id"]


def test_the_point_that_does_not_answer_refuses(
    gate: GatewayFixture, point: ScriptedPoint, cookie: str
) -> None:
    point.answers = lambda: {"decision": "true"}
    answer = get(gate, "/one/x", cookie)
    assert (answer.status_code, answer.json()["code"]) == (503, "facts-unavailable")


def test_the_reason_is_for_people_and_the_other_for_the_record(
    gate: GatewayFixture, point: ScriptedPoint, cookie: str
) -> None:
    said = {"reason_user": {"403": "<b>Niet</b> vandaag"}, "reason_admin": {"403": "policy C076E82F"}}
    point.decide = lambda _: {"decision": False, "context": said}
    answer = get(gate, "/one/x", cookie, **PAGE)
    assert answer.status_code == 403
    assert "&lt;b&gt;Niet&lt;/b&gt; vandaag" in answer.text
    assert "C076E82F" not in answer.text
    record = gate.records_with(answer.headers["x-request-id"])[0]
    assert record["facts"]["remote:a"]["reason_admin"] == "policy C076E82F"


def test_a_step_up_leads_to_the_login_with_that_level(
    gate: GatewayFixture, point: ScriptedPoint, cookie: str
) -> None:
    point.decide = lambda _: {"decision": False, "context": {"acr_values": EID}}
    answer = get(gate, "/one/x", cookie, **PAGE)
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer.headers["location"]).query)["acr_values"] == [EID]
    steps = get(gate, "/one/x", cookie).json()["plans"]
    assert [[step["type"] for step in plan] for plan in steps] == [["log-in"]]
    # Somebody with that level who is denied all the same is not sent to the login for ever.
    strong = login(gate.url, "indiener", means="eid")
    denied = get(gate, "/one/x", strong, **PAGE)
    assert denied.status_code == 403


def test_a_step_up_helps_as_the_point_decides(gate: GatewayFixture, point: ScriptedPoint) -> None:
    def decide(asked: dict[str, Any]) -> Any:
        acr = asked["subject"].get("properties", {}).get("acr")
        strong = asked["resource"]["id"] == "a" or acr == EID
        return ALLOWED if strong else {"decision": False, "context": {"acr_values": EID}}

    point.decide = decide
    weak = login(gate.url, "indiener", means="itsme")
    assert get(gate, "/both/x", weak, **PAGE).status_code == 302
    assert get(gate, "/both/x", login(gate.url, "indiener", means="eid"), **PAGE).status_code == 200


def test_the_plan_of_another_gateway_says_who_grants(
    gate: GatewayFixture, point: ScriptedPoint, cookie: str
) -> None:
    grant = {
        "type": "grant",
        "right": "OVAMBeheerder",
        "context": "Beheer",
        "label": {"nl": "Beheerder", "en": "Manager"},
        "granted_by": {"nl": "de dienst", "en": "the department"},
    }
    point.decide = lambda _: {"decision": False, "context": {"plans": [[grant]]}}
    answer = get(gate, "/one/x", cookie).json()
    assert [step["right"] for plan in answer["plans"] for step in plan] == ["OVAMBeheerder"]
    page = get(gate, "/one/x", cookie, **PAGE, **{"accept-language": "nl"})
    assert page.status_code == 403
    assert "Beheerder" in page.text
    assert "de dienst" in page.text


def test_an_open_stream_ends_when_the_point_changes_its_mind(
    gate: GatewayFixture, point: ScriptedPoint, cookie: str
) -> None:
    with httpx2.stream("GET", f"{gate.url}/events", headers={"cookie": cookie}, trust_env=False) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "data: x"
        # A point that does not answer for a while ends nothing that it allowed.
        point.answers = lambda: Response(status_code=500)
        asked = len(point.calls)
        assert until(lambda: len(point.calls) > asked + 2)
        assert [next(lines) for _ in range(4)].count("data: x") == 2
        point.answers = lambda: {"decision": False}
        with pytest.raises(httpx2.RemoteProtocolError):
            for _ in lines:
                pass
