"""The decisions that the interop scenarios of the AuthZEN working group expect: todo, API gateway and search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.decision_point.asking import Program, asked_gateway

_CASES = Path(__file__).parent.parent / "authzen/interop"
_ROLES = {
    "rick@the-citadel.com": ("0", ["admin", "evil_genius"]),
    "morty@the-citadel.com": ("1", ["editor"]),
    "summer@the-smiths.com": ("2", ["editor"]),
    "beth@the-smiths.com": ("3", ["viewer"]),
    "jerry@the-smiths.com": ("4", ["viewer"]),
}
_PEOPLE: dict[str, Any] = {
    f"CiRmZD{letter}2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": {"email": email, "roles": roles}
    for letter, (email, (_, roles)) in zip(("A", "E", "I", "M", "Q"), _ROLES.items(), strict=True)
}
_EMPLOYEES: dict[str, Any] = {
    "alice": {"role": "manager", "department": "Sales"},
    "bob": {"role": "employee", "department": "Legal"},
    "carol": {"role": "contractor", "department": "Legal"},
    "dan": {"role": "manager", "department": "Finance"},
    "erin": {"role": "employee", "department": "Finance"},
    "felix": {"role": "contractor", "department": "Accounting"},
}
# Department and owner of the records from 101 on.
_RECORDS = """Legal alice, Legal bob, Legal carol, Accounting dan, Legal erin, Accounting felix, Sales alice, Legal bob,
Accounting carol, Sales dan, Accounting erin, Legal felix, Sales alice, Accounting bob, Finance carol, Legal dan,
Legal erin, Accounting felix, Legal alice, Accounting bob"""
_EDITOR = {
    "any": [{"claim": {"name": "roles", "contains": each}} for each in ("editor", "admin", "evil_genius")]
}


def _has(role: str) -> dict[str, Any]:
    return {"claim": {"name": "roles", "contains": role}}


_MANAGER = {"claim": {"name": "role", "equals": "manager"}}
_IN_DEPARTMENT = {"mine": {"claim": "department", "value": "{department}"}}
_OWN_RECORD = {"mine": {"value": "{owner}"}}
_OWN_TODO = {"all": [_EDITOR, {"mine": {"claim": "email", "value": "{owner}"}}]}


def _rule(name: str, method: str, path: str, *require: Any) -> dict[str, Any]:
    return {"id": name, "match": {"path": path, "methods": [method]}, "require": list(require)}


_RULES: list[Any] = [
    _rule("view", "GET", "/library/{department}/{owner}/{id}", {"any": [_OWN_RECORD, _IN_DEPARTMENT, _MANAGER]}),
    _rule("edit", "PUT", "/library/{department}/{owner}/{id}", {"any": [_OWN_RECORD, {"all": [_MANAGER, _IN_DEPARTMENT]}]}),
    _rule("remove", "DELETE", "/library/{department}/{owner}/{id}", _OWN_RECORD),
    _rule("see-user", "GET", "/users/{id}", "authenticated"),
    _rule("see-todos", "GET", "/todos/**", "authenticated"),
    _rule("new-todo", "POST", "/todos/**", _EDITOR),
    _rule("change-todo", "PUT", "/todos/{owner}/{id}", {"any": [_has("evil_genius"), _OWN_TODO]}),
    _rule("drop-todo", "DELETE", "/todos/{owner}/{id}", {"any": [_has("admin"), _OWN_TODO]}),
    _rule("put-todo", "PUT", "/todos/{id}", _EDITOR),
    _rule("delete-todo", "DELETE", "/todos/{id}", _EDITOR),
]  # fmt: skip
_AUTHZEN = {
    "subjects": {
        "user": {"claims": ["role", "department", "roles", "email"], "known": {**_PEOPLE, **_EMPLOYEES}},
        "identity": {"claims": ["roles", "email"], "known": _PEOPLE},
    },
    "resources": {
        "user": {"path": "/users/{id}"},
        "todo": {"path": "/todos/{ownerID}/{id}", "defaults": {"ownerID": "nobody"}},
        "route": {"path": "{id}"},
        "record": {
            "path": "/library/{department}/{owner}/{id}",
            "known": {
                str(101 + number): dict(zip(("department", "owner"), each.split(), strict=True))
                for number, each in enumerate(_RECORDS.split(","))
            },
        },
    },
    "actions": {
        "can_read_user": [{"method": "GET"}],
        "can_read_todos": [{"method": "GET"}],
        "can_create_todo": [{"method": "POST"}],
        "can_update_todo": [{"method": "PUT"}],
        "can_delete_todo": [{"method": "DELETE"}],
        "view": [{"method": "GET"}],
        "edit": [{"method": "PUT"}],
        "delete": [{"method": "DELETE"}],
    },
}


@pytest.fixture(scope="module")
def pdp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    identity = {
        "rights": {"claims": ["ovam_rol_3d"]},
        "claims": {"extra": ["role", "roles", "department", "email"]},
    }
    folder = tmp_path_factory.mktemp("interop")
    with asked_gateway(folder, _AUTHZEN, rules=_RULES, identity=identity) as (_, program):
        yield program


def _cases(name: str, kind: str = "evaluation") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((_CASES / name).read_text())[kind]
    return found


@pytest.mark.parametrize("name", ["todo-decisions-1_0-02.json", "api-gateway-decisions.json"])
def test_decisions_one_by_one(pdp: Program, name: str) -> None:
    for case in _cases(name):
        assert pdp.answer("/evaluation", case["request"])["decision"] is case["expected"], case


def test_decisions_together(pdp: Program) -> None:
    for case in _cases("todo-decisions-1_0-02.json", "evaluations"):
        found = pdp.answer("/evaluations", case["request"])["evaluations"]
        assert [{"decision": each["decision"]} for each in found] == case["expected"], case


@pytest.mark.parametrize("kind", ["subject", "resource", "action"])
def test_searches(pdp: Program, kind: str) -> None:
    def text(results: Any) -> list[str]:
        return sorted(json.dumps(each, sort_keys=True) for each in results)

    for case in _cases(f"search-{kind}-results.json"):
        answer = pdp.answer(f"/search/{kind}", case["request"])
        found = answer["results"]
        if kind == "action":
            names = {"view", "edit", "delete"}
            found = [each for each in found if each["name"] in names]
        assert text(found) == text(case["expected"]["results"]), case
