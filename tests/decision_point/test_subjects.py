"""Whom a question is about: sessions that live, by their assertion, and subjects that the caller describes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.decision_point.subjects import subject_of
from gateway.model import Identity, Organisation, Right
from tests.decision_point.asking import ALL, OTHER_TOKEN, Program, asked_gateway, callers
from tests.gateway_fixture import Browser, GatewayFixture
from tests.keys import ec_key

HEADER = "x-toegangspoort-assertion"
RULES: list[Any] = [
    {"id": "open", "match": {"path": "/public/**"}, "require": ["anyone"]},
    {"id": "filed", "match": {"path": "/filed/**"}, "require": [{"right": {"right": "indiener"}}]},
    {"id": "other", "match": {"path": "/other/**"}, "require": ["authenticated"], "upstream": "archive"},
    {"id": "api", "match": {"path": "/api/**"}, "require": [{"machine": {"scopes": ["read"]}}]},
    {"id": "echo", "match": {"path": "/**"}, "require": ["authenticated"]},
]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GatewayFixture, Program]]:
    folder = tmp_path_factory.mktemp("subjects")
    authzen = {"callers": callers(folder, register=ALL, portal={"upstreams": ["archive"]})}
    archive = {"archive": {"url": "http://127.0.0.1:9"}}
    with asked_gateway(folder, authzen, rules=RULES, upstreams=archive) as found:
        yield found


@pytest.fixture
def logged_in(both: tuple[GatewayFixture, Program]) -> Iterator[tuple[Browser, str]]:
    """Somebody who is logged in, and the assertion that the register got about them."""
    gateway, _ = both
    browser = gateway.browser()
    browser.log_in("/echo")
    assert browser.call("/echo").status_code == 200
    yield browser, gateway.upstream.seen[-1][2][HEADER]


def _session(assertion: str) -> dict[str, Any]:
    return {"type": "session", "id": assertion}


def test_a_session_is_judged_as_its_requests_are(
    both: tuple[GatewayFixture, Program], logged_in: tuple[Browser, str]
) -> None:
    _, program = both
    browser, assertion = logged_in
    for path in (
        "/public/a",
        "/filed/a",
        "/echo",
        "/api/a",
        "/filed/a?b=c",
        "/oauth2/session",
        "//x",
        "/a%2Fb",
    ):
        embedded = browser.call(path).status_code == 200 and not path.startswith("/oauth2")
        assert program.decision(_session(assertion), "GET", path)["decision"] is embedded, path


def test_a_session_that_ended_is_nobody_at_once(
    both: tuple[GatewayFixture, Program], logged_in: tuple[Browser, str]
) -> None:
    _, program = both
    browser, assertion = logged_in
    assert program.decision(_session(assertion), "GET", "/echo")["decision"] is True
    browser.post("/oauth2/logout/local", headers={"origin": browser.url})
    assert not browser.logged_in
    answer = program.decision(_session(assertion), "GET", "/public/a")
    assert answer["decision"] is False
    assert answer["context"]["reason"] == "session-ended"
    assert answer["context"]["reason_admin"] == {"401": "session-ended"}
    assert answer["context"]["login_url"].startswith("http")
    found = program.answer(
        "/search/action", {"subject": _session(assertion), "resource": {"type": "path", "id": "/"}}
    )
    assert found["results"] == []


def test_the_next_page_is_empty_too_once_the_session_ended(
    both: tuple[GatewayFixture, Program], logged_in: tuple[Browser, str]
) -> None:
    _, program = both
    browser, assertion = logged_in
    question = {"subject": _session(assertion), "resource": {"type": "path", "id": "/echo"}}
    first = program.answer("/search/action", {**question, "page": {"limit": 1}})
    following = {**question, "page": {"token": first["page"]["next_token"]}}
    assert len(program.answer("/search/action", following)["results"]) == 1
    browser.post("/oauth2/logout/local", headers={"origin": browser.url})
    assert program.answer("/search/action", following)["results"] == []


def _changed(assertion: str, key: bytes | None = None, **claims: Any) -> str:
    """The same statement with other claims, signed with the key of the environment, or with another one."""
    head = jwt.decode(assertion, ECKey.import_key(ec_key("ti")), algorithms=["ES256"])
    signing = ECKey.import_key(key or ec_key("ti"))
    return jwt.encode(head.header, {**head.claims, **claims}, signing, algorithms=["ES256"])


def test_only_what_this_environment_signed_a_moment_ago_is_believed(
    both: tuple[GatewayFixture, Program], logged_in: tuple[Browser, str]
) -> None:
    gateway, program = both
    _, assertion = logged_in
    now = int(gateway.clock())
    refused = {
        _changed(assertion, aud="https://elsewhere.test"): "assertion-audience",
        _changed(assertion, env="prd"): "assertion-environment",
        _changed(assertion, iss="https://elsewhere.test"): "assertion-environment",
        _changed(assertion, exp=now - 1): "assertion-expired",
        _changed(assertion, iat=now + 60): "assertion-expired",
        _changed(assertion, exp="later"): "assertion-form",
        _changed(assertion, key=ec_key("other")): "assertion-signature",
        _changed(assertion, sid="0" * 16): "session-ended",
        _changed(assertion, sub="somebody-else"): "session-ended",
        _changed(assertion, sid=None): "assertion-program",
        assertion[:-8] + "AAAAAAAA": "assertion-signature",
        "eyJhbGciOiJub25lIn0." + assertion.split(".")[1] + ".": "assertion-key",
        "nonsense": "assertion-form",
        "\u00e9": "assertion-form",
    }
    for token, reason in refused.items():
        answer = program.decision(_session(token), "GET", "/public/a")
        assert (answer["decision"], answer["context"]["reason"]) == (False, reason)
    assert program.decision(_session(_changed(assertion)), "GET", "/echo")["decision"] is True


def test_a_caller_of_one_upstream_presents_assertions_for_that_one_alone(
    both: tuple[GatewayFixture, Program], logged_in: tuple[Browser, str]
) -> None:
    _, program = both
    _, assertion = logged_in
    portal = program.with_token(OTHER_TOKEN)
    answer = portal.decision(_session(assertion), "GET", "/echo")
    assert answer["context"]["reason"] == "assertion-audience"
    there = _changed(assertion, aud="http://127.0.0.1:9")
    assert portal.decision(_session(there), "GET", "/echo")["decision"] is True


def test_who_may_not_describe_subjects_asks_about_sessions_alone(
    both: tuple[GatewayFixture, Program],
) -> None:
    _, program = both
    question = {
        "subject": {"type": "person", "id": "anna"},
        "action": {"name": "GET"},
        "resource": {"type": "path", "id": "/echo"},
    }
    assert program.post("/evaluation", question).status_code == 200
    assert program.with_token(OTHER_TOKEN).post("/evaluation", question).status_code == 403
    several = {"evaluations": [question]}
    (only,) = program.with_token(OTHER_TOKEN).answer("/evaluations", several)["evaluations"]
    assert (only["decision"], only["context"]["error"]["status"]) == (False, 403)


def test_a_described_person_or_program_is_judged_by_what_is_said(
    both: tuple[GatewayFixture, Program],
) -> None:
    _, program = both
    right = "OVAMGebruiker-NonConformiteitenIndiener:0428315871"
    anna = {"type": "person", "id": "anna", "properties": {"rights": [right], "organisation": "0428315871"}}
    assert program.decision(anna, "GET", "/filed/1")["decision"] is True
    other = {**anna, "properties": {**anna["properties"], "organisation": "0777000187"}}  # type: ignore[dict-item]
    assert program.decision(other, "GET", "/filed/1")["decision"] is False
    sync = {"type": "program", "id": "sync", "properties": {"scopes": ["read"]}}
    assert program.decision(sync, "GET", "/api/1")["decision"] is True
    assert program.decision(anna, "GET", "/api/1")["decision"] is False
    for odd in ({"rights": "all"}, {"rights": ["nonsense"]}, {"authenticated_at": "yesterday"}):
        question = {
            "subject": {"type": "person", "id": "anna", "properties": odd},
            "action": {"name": "GET"},
            "resource": {"type": "path", "id": "/"},
        }
        assert program.post("/evaluation", question).status_code == 400, odd


def test_what_a_search_found_can_be_asked_about(both: tuple[GatewayFixture, Program]) -> None:
    _, program = both
    filed = {"type": "path", "id": "/filed/1"}
    question = {"subject": {"type": "person"}, "action": {"name": "GET"}, "resource": filed}
    found = program.answer("/search/subject", question)
    assert found["context"] == {"exact": True}
    assert found["results"]
    for each in found["results"]:
        assert program.answer("/evaluation", {**question, "subject": each})["decision"] is True
    sessions = {**question, "subject": {"type": "session"}}
    assert program.post("/search/subject", sessions).status_code == 400


def test_a_subject_that_was_found_has_no_empty_properties() -> None:
    identity = Identity("op", "x", organisation=Organisation("x"), rights=(Right("A", None, "x"),), acr="x")
    shown = subject_of(identity, "person")
    assert shown["properties"] == {"organisation": "x", "rights": ["A:x"], "acr": "x"}
    assert (
        shown["id"] == subject_of(identity, "person")["id"] != subject_of(Identity("op", "x"), "person")["id"]
    )
