"""Which authentication methods to request at login."""

from __future__ import annotations

from gateway.policy.advice import advise
from gateway.policy.evaluate import decide
from gateway.policy.step_up import methods_for_login, methods_that_help
from tests.policy.conftest import given, person, rule_set

EID, ITSME = "urn:be:vlaanderen:authmech:eid", "urn:be:vlaanderen:authmech:itsme"
STRONG = {"assurance": {"level": 20}}
RULES = rule_set(
    ("strong", "/strong", [STRONG]),
    ("stronger", "/stronger", [STRONG, {"assurance": {"level": 30}}]),
    ("right", "/right", [STRONG, {"right": {"right": "indiener"}}]),
    ("either", "/either", [{"any": [STRONG, {"right": {"right": "indiener"}}]}]),
    ("open", "/open", ["anyone"]),
)


def helping(path: str) -> set[str]:
    asked = given(path, identity=person(acr="urn:x:password"))
    return set(methods_that_help(advise(RULES, asked, decide(RULES, asked))))


def test_methods_that_alone_give_access() -> None:
    assert helping("/strong") == {EID, ITSME}
    assert helping("/stronger") == {EID}
    assert helping("/right") == set()
    assert helping("/either") == {EID, ITSME}


def test_methods_that_a_request_needs_whatever_else_it_needs() -> None:
    assert set(methods_for_login(RULES, given("/strong"))) == {EID, ITSME}
    assert set(methods_for_login(RULES, given("/right"))) == {EID, ITSME}
    assert methods_for_login(RULES, given("/either")) == ()
    assert methods_for_login(RULES, given("/open")) == ()
