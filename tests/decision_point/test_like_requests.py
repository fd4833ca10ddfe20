"""On generated rule sets: an evaluation gives what the gateway does with the request, and what searches list can be done."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.identity.attributes import acm_rights
from gateway.model import Identity
from gateway.session.sessions import Sessions
from tests.analysis.test_diff import PATHS, PEOPLE, RULE_SETS, compiled
from tests.decision_point.asking import Program, asked_gateway
from tests.gateway_fixture import GatewayFixture

# More by hand: EVALUATION_RULE_SETS=500 pytest tests/decision_point/test_like_requests.py
EXAMPLES = int(os.environ.get("EVALUATION_RULE_SETS", "2"))
# Beside those that rules name, some that no rule may open.
ODD = ("/a/../b", "/a//b", "/a%2Fb", "/a/%62", "/a;v=1", "/a?x=1", "/a/?/../b", "/%61", "/oauth2/session")
TARGETS = (*("/" + "/".join(each) for each in PATHS), *ODD)
QUESTIONS = [(method, target) for method in ("GET", "POST") for target in TARGETS]


@dataclass
class Somebody:
    """A person: the ticket of a session, the assertion about it, and the same person described."""

    ticket: str
    session: dict[str, Any]
    described: dict[str, Any]


class Stage:
    """A gateway with a decision point, and people who are logged in."""

    def __init__(self, gateway: GatewayFixture, program: Program) -> None:
        self.gateway = gateway
        self.program = program
        self.people = asyncio.run(_people(gateway))

    def __repr__(self) -> str:
        return "Stage()"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    authzen = {"max_evaluations": 1_000}
    with asked_gateway(tmp_path_factory.mktemp("like"), authzen, clock=time.time) as (gateway, program):
        yield Stage(gateway, program)


async def _people(gateway: GatewayFixture) -> list[Somebody]:
    kept = Sessions(
        gateway.gateway.settings.session, environment="ti", secure=False, clock=time.time, findable=True
    )
    await kept.start(sweep=False)
    found = [
        _somebody(gateway, each, str((await kept.create(each))[1])) for each in PEOPLE if each is not None
    ]
    await kept.aclose()
    return found


def _somebody(gateway: GatewayFixture, identity: Identity, ticket: str) -> Somebody:
    assert gateway.with_ticket(ticket, "/echo").status_code == 200
    assertion = gateway.upstream.seen[-1][2]["x-toegangspoort-assertion"]
    assert identity.organisation is not None
    properties = {
        "organisation": identity.organisation.code,
        "doelgroep": identity.doelgroep,
        "rights": list(acm_rights(identity)),
    }
    described = {"type": "person", "id": identity.subject, "properties": properties}
    return Somebody(ticket, {"type": "session", "id": assertion}, described)


def _decisions(program: Program, subject: Any) -> list[bool]:
    several = [
        {"action": {"name": method}, "resource": {"type": "path", "id": target}}
        for method, target in QUESTIONS
    ]
    answer = program.answer("/evaluations", {"subject": subject, "evaluations": several})
    return [each["decision"] for each in answer["evaluations"]]


@settings(max_examples=EXAMPLES, deadline=None, phases=(Phase.generate,))
@for_all(
    written=RULE_SETS, chosen=st.lists(st.integers(0, len(PEOPLE) - 2), min_size=2, max_size=2, unique=True)
)
def test_an_evaluation_is_what_the_request_gets(
    stage: Stage, written: tuple[Any, ...], chosen: list[int]
) -> None:
    gateway, program = stage.gateway, stage.program
    gateway.gateway.areas.rules.reload.in_force.use(compiled(written), ())
    for number in chosen:
        one = stage.people[number]
        by_session, described = _decisions(program, one.session), _decisions(program, one.described)
        for (method, target), session, person in zip(QUESTIONS, by_session, described, strict=True):
            before = len(gateway.upstream.seen)
            gateway.with_ticket(one.ticket, target, method, origin=gateway.url)
            passed = len(gateway.upstream.seen) > before
            assert (session, person) == (passed, passed), (method, target)
        actions = program.answer(
            "/search/action", {"subject": one.session, "resource": {"type": "path", "id": "/a/b"}}
        )
        listed = {each["name"] for each in actions["results"]}
        place = {method: QUESTIONS.index((method, "/a/b")) for method in ("GET", "POST")}
        assert {method: by_session[at] for method, at in place.items()} == {
            method: method in listed for method in place
        }
