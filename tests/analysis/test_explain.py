"""Explanations: the rules that were tried, why they do not match, and what would help."""

from __future__ import annotations

from gateway.analysis.explain import as_data, as_text
from gateway.model import Identity
from gateway.policy.advice import advise
from gateway.policy.evaluate import decide
from tests.policy.conftest import given, person, rule_set, with_handling, with_websockets

RULES = rule_set(
    ("posts", "/m/**", ["anyone"], {"POST"}),
    ("reports", "/m/{id}", [{"any": [{"right": {"right": "indiener"}}, {"right": {"right": "lezer"}}]}]),
    ("rest", "/**", ["authenticated"]),
)


def explained(path: str, identity: Identity | None) -> str:
    asked = given(path, identity=identity)
    decision = decide(RULES, asked, trace=True)
    return as_text(decision, RULES, advice=advise(RULES, asked, decision), language="nl")


def test_a_refusal_says_what_would_help() -> None:
    text = explained("/m/1", person())
    assert text.splitlines()[:4] == [
        "REFUSED by rule 'reports' (right-missing)",
        "",
        "rule posts: the method is not one of POST",
        "rule reports: matches /m/{id}",
    ]
    assert "  - any: right-missing" in text
    assert "the rule after it was not tried" in text
    assert "path variables: id=1" in text
    assert "what would help, the shortest way first:" in text
    assert (
        "  - get Indiener [OVAMGebruiker-Indiener] for organisation 0456789034, granted by de lokale beheerder"
        in text
    )


def test_what_is_allowed_misses_nothing() -> None:
    text = explained("/x", person())
    assert text.startswith("ALLOWED by rule 'rest' (allowed)")
    assert "rule reports: the path does not match /m/{id}" in text
    assert "what would help" not in text


def test_as_data() -> None:
    found = as_data(decide(RULES, given("/m/1"), trace=True))
    assert (found["allowed"], found["rule"], found["variables"]) == (False, "reports", {"id": "1"})
    assert found["missing"] == [[{"kind": "login", "remedy": "login"}]]
    assert [(rule["rule"], rule["why"]) for rule in found["rules"]] == [
        ("posts", "method"),
        ("reports", "matches"),
    ]
    (policy,) = found["rules"][1]["policies"]
    assert [part["policy"] for part in policy["parts"]] == ["right", "right"]


def test_where_it_goes_and_how() -> None:
    rules = with_handling(
        RULES,
        posts={"redirect": {"to": "https://new.test/m"}},
        rest={
            "upstream": "reports",
            "timeout": "2s",
            "max_body": 10,
            "request_headers": {"set": {"X-Tenant": "a"}, "remove": ["Accept"]},
            "cors": {"origins": ["https://app.test"]},
        },
    )
    moved = decide(rules, given("/m/1", "POST"), trace=True)
    assert "REDIRECTED by rule 'posts' (redirect)" in as_text(moved, rules)
    assert "redirected to https://new.test/m with 302; no upstream gets it" in as_text(moved, rules)
    assert (as_data(moved)["outcome"], as_data(moved)["location"]) == ("redirect", "https://new.test/m")
    passed = decide(rules, given("/x", identity=person()), trace=True)
    assert as_text(passed, rules).splitlines()[-5:] == [
        "goes to upstream 'reports'",
        "its answer must begin within 2 s",
        "its body may have 10 bytes",
        "headers of the request: x-tenant is 'a', without accept",
        "may be called by scripts of https://app.test, without credentials",
    ]
    assert as_data(passed)["handling"]["upstream"] == "reports"


def test_a_rule_without_websockets_says_so() -> None:
    opened = with_websockets(RULES, "rest")
    asked = given("/m/1", identity=person(), websocket=True)
    text = as_text(decide(opened, asked, trace=True), opened)
    assert text.startswith("REFUSED by rule 'reports' (websocket-not-allowed)")
    assert "rule reports: matches /m/{id}\n  - it does not allow WebSockets (websocket: true)\n" in text
    asked = given("/x", identity=person(), websocket=True)
    text = as_text(decide(opened, asked, trace=True), opened)
    assert "rule rest: matches /**, WebSockets too\n" in text
