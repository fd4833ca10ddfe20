"""The certification scenario of the Authorization API 1.0: every sub-level, with its fixture as a configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.decision_point.asking import Program, asked_gateway

_SCHEMAS = Path(__file__).parent.parent / "authzen/schemas"
_DECISION = json.loads((_SCHEMAS / "evaluation-response.schema.json").read_text())
_REQUEST = json.loads((_SCHEMAS / "evaluation-request.schema.json").read_text())
RULES: list[Any] = [
    {
        "id": "read",
        "match": {"path": "/records/{status}/{id}", "methods": ["GET"]},
        "require": [{"who": ["alice", "bob"]}],
    },
    {
        "id": "write-archived",
        "match": {"path": "/records/archived/{id}", "methods": ["PUT"]},
        "require": [{"claim": {"name": "role", "equals": "admin"}}],
    },
    {
        "id": "write",
        "match": {"path": "/records/{status}/{id}", "methods": ["PUT", "PATCH"]},
        "require": [{"who": ["alice"]}],
    },
]
AUTHZEN = {
    "subjects": {"user": {"claims": ["role"], "known": {"alice": {}, "bob": {"role": "admin"}}}},
    "resources": {
        "record": {
            "path": "/records/{status}/{id}",
            "defaults": {"status": "unknown"},
            "known": {"record-1": {"status": "active"}, "record-2": {"status": "archived"}},
        }
    },
    "actions": {
        "read": [{"method": "GET"}],
        "write": [{"method": "PUT"}],
        "delete": [
            {"method": "PATCH", "when": {"soft": True}},
            {"method": "DELETE", "when": {"soft": False}},
        ],
    },
}
CONTEXT = {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}


@pytest.fixture(scope="module")
def pdp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("certified")
    identity = {"rights": {"claims": ["ovam_rol_3d"]}, "claims": {"extra": ["role"]}}
    with asked_gateway(folder, AUTHZEN, rules=RULES, identity=identity) as (_, program):
        yield program


def _user(name: str, **properties: Any) -> dict[str, Any]:
    return _entity("user", name, properties)


def _record(number: int, **properties: Any) -> dict[str, Any]:
    return _entity("record", f"record-{number}", properties)


def _entity(kind: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "id": name, **({"properties": properties} if properties else {})}


def _action(name: str, **properties: Any) -> dict[str, Any]:
    return {"name": name, **({"properties": properties} if properties else {})}


def _question(subject: Any, action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"subject": subject, "action": action, "resource": resource, **more}


ARCHIVED = _record(2, status="archived")
READS = _question(_user("alice"), _action("read"), _record(1))
FIXTURE = {
    1: (READS, True),
    2: (_question(_user("alice"), _action("write"), _record(1)), True),
    3: (_question(_user("bob"), _action("read"), _record(1)), True),
    4: (_question(_user("bob"), _action("write"), _record(1)), False),
    5: (_question(_user("alice"), _action("write"), ARCHIVED), False),
    6: (_question(_user("bob", role="admin"), _action("write"), ARCHIVED), True),
    7: (_question(_user("alice"), _action("delete", soft=True), _record(1)), True),
    8: (_question(_user("alice"), _action("delete", soft=False), _record(1)), False),
}


class TestBasic:
    @pytest.mark.parametrize("rule", FIXTURE)
    def test_the_eight_decisions_of_the_fixture(self, pdp: Program, rule: int) -> None:
        question, expected = FIXTURE[rule]
        jsonschema.validate(question, _REQUEST)
        answer = pdp.answer("/evaluation", question)
        jsonschema.validate(answer, _DECISION)
        assert answer["decision"] is expected
        again = pdp.answer("/evaluation", {**question, "context": CONTEXT})
        assert again["decision"] is expected

    def test_further_properties_and_unknown_fields_change_nothing(self, pdp: Program) -> None:
        question = _question(
            _user("alice", department="Sales", role="manager"),
            _action("read", method="GET"),
            _record(1, status="active", owner="bob"),
            foo="bar",
            futureField={"nested": True},
        )
        assert pdp.answer("/evaluation", question)["decision"] is True

    @pytest.mark.parametrize("name", ["subject", "action", "resource"])
    def test_a_question_that_lacks_something_required(self, pdp: Program, name: str) -> None:
        assert pdp.post("/evaluation", {**READS, name: None}).status_code == 400
        without = {key: value for key, value in READS.items() if key != name}
        assert pdp.post("/evaluation", without).status_code == 400
        for inner in READS[name]:
            less = {key: value for key, value in READS[name].items() if key != inner}
            assert pdp.post("/evaluation", {**READS, name: less}).status_code == 400
            odd = {**READS[name], inner: 123}
            assert pdp.post("/evaluation", {**READS, name: odd}).status_code == 400
        assert pdp.post("/evaluation", {**READS, name: "alice"}).status_code == 400

    def test_what_is_no_json_object_is_refused(self, pdp: Program) -> None:
        def post(content: bytes, kind: str = "application/json") -> int:
            lines = {"authorization": f"Bearer {pdp.token}", "content-type": kind}
            url = f"{pdp.url}/access/v1/evaluation"
            return pdp.client.post(url, content=content, headers=lines).status_code

        whole = json.dumps(READS).encode()
        assert post(whole) == 200
        assert post(whole, "application/json; charset=utf-8") == 200
        assert post(whole, "text/plain") == 400
        assert post(whole[:-1]) == 400
        assert post(b"") == 400
        assert post(b"[]") == 400

    def test_the_request_id_comes_back_and_answers_stay_the_same(self, pdp: Program) -> None:
        for name in ("bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "any text: 1"):
            response = pdp.post("/evaluation", READS, **{"x-request-id": name})
            assert response.headers["x-request-id"] == name
        refused = pdp.post("/evaluation", {}, **{"x-request-id": "mine"})
        assert (refused.status_code, refused.headers["x-request-id"]) == (400, "mine")
        assert all(pdp.answer("/evaluation", READS)["decision"] is True for _ in range(5))


def _decisions(pdp: Program, question: dict[str, Any]) -> list[bool]:
    found = pdp.answer("/evaluations", question)["evaluations"]
    for each in found:
        jsonschema.validate(each, _DECISION)
    return [each["decision"] for each in found]


class TestBatch:
    def test_core(self, pdp: Program) -> None:
        several: dict[str, Any] = {"subject": _user("alice"), "action": _action("read")}
        several["evaluations"] = [{"resource": _record(1)}, {"resource": _record(2)}]
        assert _decisions(pdp, several) == [True, True]
        actions = [{"action": _action("read")}, {"action": _action("write")}]
        bob = {"subject": _user("bob"), "resource": _record(1), "evaluations": actions}
        assert _decisions(pdp, bob) == [True, False]
        assert _decisions(pdp, {"evaluations": [FIXTURE[1][0], FIXTURE[4][0]]}) == [True, False]
        later = {"time": "2025-06-27T19:00-07:00", "source": "batch-override"}
        several["context"] = {"time": CONTEXT["time"]}
        several["evaluations"] = [{"resource": _record(1)}, {"resource": _record(2), "context": later}]
        assert len(_decisions(pdp, several)) == 2

    def test_one_that_cannot_be_evaluated_is_denied(self, pdp: Program) -> None:
        several = {
            "subject": _user("alice"),
            "action": _action("read"),
            "options": {"evaluations_semantic": "execute_all"},
            "evaluations": [{"resource": _record(1)}, {}],
        }
        first, second = pdp.answer("/evaluations", several)["evaluations"]
        assert (first["decision"], second["decision"]) == (True, False)
        assert second["context"]["error"]["status"] == 400

    @pytest.mark.parametrize("more", [{}, {"evaluations": []}])
    def test_without_evaluations_it_is_one(self, pdp: Program, more: dict[str, Any]) -> None:
        answer = pdp.answer("/evaluations", {**READS, **more})
        jsonschema.validate(answer, _DECISION)
        assert answer["decision"] is True
        assert "evaluations" not in answer

    def test_properties(self, pdp: Program) -> None:
        alice = {"subject": _user("alice"), "action": _action("write")}
        resources = [{"resource": _record(1, status="active")}, {"resource": ARCHIVED}]
        assert _decisions(pdp, {**alice, "evaluations": resources}) == [True, False]
        people = [{"subject": _user("alice")}, {"subject": _user("bob", role="admin")}]
        archived = {"action": _action("write"), "resource": ARCHIVED, "evaluations": people}
        assert _decisions(pdp, archived) == [False, True]
        defaults = {**alice, "resource": _record(1, status="active")}
        assert _decisions(pdp, {**defaults, "evaluations": [{}, {"resource": ARCHIVED}]}) == [True, False]

    def test_it_ends_at_the_first_denial_or_permission_where_that_is_asked(self, pdp: Program) -> None:
        each = [{"action": _action(name)} for name in ("read", "write", "read")]
        bob = {"subject": _user("bob"), "resource": _record(1), "evaluations": each}
        for semantic, expected in (
            ("execute_all", [True, False, True]),
            ("deny_on_first_deny", [True, False]),
            ("permit_on_first_permit", [True]),
        ):
            options = {"evaluations_semantic": semantic, "another_option": "value"}
            assert _decisions(pdp, {**bob, "options": options}) == expected
        odd = {**bob, "options": {"evaluations_semantic": "first"}}
        assert pdp.post("/evaluations", odd).status_code == 400


def _found(pdp: Program, kind: str, question: dict[str, Any]) -> list[Any]:
    results: list[Any] = pdp.answer(f"/search/{kind}", question)["results"]
    return [each.get("id", each.get("name")) for each in results]


WHO = {"subject": {"type": "user"}, "action": _action("read"), "resource": _record(1)}
WHAT = {"subject": _user("alice"), "action": _action("read"), "resource": {"type": "record"}}
HOW = {"subject": _user("alice"), "resource": _record(1)}


class TestSearch:
    def test_subjects(self, pdp: Program) -> None:
        for more in ({}, {"context": CONTEXT}, {"subject": _user("alice")}):
            assert _found(pdp, "subject", {**WHO, **more}) == ["alice", "bob"]
        archived = {**WHO, "action": _action("write"), "resource": ARCHIVED}
        assert _found(pdp, "subject", archived) == ["bob"]

    def test_resources(self, pdp: Program) -> None:
        for more in ({}, {"context": CONTEXT}, {"resource": _record(1)}):
            assert _found(pdp, "resource", {**WHAT, **more}) == ["record-1", "record-2"]
        admin = {**WHAT, "subject": _user("bob", role="admin"), "action": _action("write")}
        assert _found(pdp, "resource", admin) == ["record-2"]

    def test_actions(self, pdp: Program) -> None:
        for more in ({}, {"context": CONTEXT}):
            assert _found(pdp, "action", {**HOW, **more}) == ["read", "write"]
        admin = {"subject": _user("bob", role="admin"), "resource": ARCHIVED}
        assert _found(pdp, "action", admin) == ["read", "write"]

    def test_pages(self, pdp: Program) -> None:
        first = pdp.answer("/search/subject", {**WHO, "page": {"limit": 1}})
        assert [each["id"] for each in first["results"]] == ["alice"]
        token = first["page"]["next_token"]
        assert token
        second = pdp.answer("/search/subject", {**WHO, "page": {"token": token}})
        assert [each["id"] for each in second["results"]] == ["bob"]
        assert second["page"] == {"next_token": "", "count": 1, "total": 2}

    def test_nobody_and_nothing_are_no_errors(self, pdp: Program) -> None:
        assert _found(pdp, "action", {**HOW, "subject": _user("nonexistent-user")}) == []
        assert _found(pdp, "resource", {**WHAT, "subject": _user("nonexistent-user")}) == []
        assert _found(pdp, "subject", {**WHO, "subject": {"type": "spaceship"}}) == []
        assert _found(pdp, "subject", {**WHO, "resource": {"type": "spaceship", "id": "1"}}) == []
        assert _found(pdp, "resource", {**WHAT, "resource": {"type": "spaceship"}}) == []
        assert _found(pdp, "action", {**HOW, "resource": {"type": "spaceship", "id": "1"}}) == []

    @pytest.mark.parametrize(
        ("kind", "whole", "lacks"),
        [
            ("subject", WHO, ("subject", "action", "resource")),
            ("resource", WHAT, ("subject", "action", "resource")),
            ("action", HOW, ("subject", "resource")),
        ],
    )
    def test_a_search_that_lacks_something(
        self, pdp: Program, kind: str, whole: dict[str, Any], lacks: tuple[str, ...]
    ) -> None:
        for name in lacks:
            less = {key: value for key, value in whole.items() if key != name}
            assert pdp.post(f"/search/{kind}", less).status_code == 400
        neither = {"subject": {"type": "user"}, "action": _action("read"), "resource": {"type": "record"}}
        assert pdp.post(f"/search/{kind}", neither).status_code == 400


def test_discovery(pdp: Program) -> None:
    response = pdp.client.get(f"{pdp.url}/.well-known/authzen-configuration")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.json() == {
        "policy_decision_point": "https://pdp.test",
        "access_evaluation_endpoint": "https://pdp.test/access/v1/evaluation",
        "access_evaluations_endpoint": "https://pdp.test/access/v1/evaluations",
        "search_subject_endpoint": "https://pdp.test/access/v1/search/subject",
        "search_resource_endpoint": "https://pdp.test/access/v1/search/resource",
        "search_action_endpoint": "https://pdp.test/access/v1/search/action",
    }
