"""What records show is counted, and what is no record of these rules is left out."""

from __future__ import annotations

from typing import Any

from gateway.analysis import evidence
from gateway.analysis.evidence import Evidence
from tests.policy.conftest import rule_set

RULES = {"ti": rule_set(("a", "/a/**", ["authenticated"]), ("b", "/b/**", ["authenticated"]))}


def record(now: float, **changes: Any) -> dict[str, Any]:
    whole = {"kind": "request", "environment": "ti", "now": now, "rule": "a", "rules": RULES["ti"].hash}
    return {**whole, "who": {"rights": [["R", "c", "1"], ["R", None, "1"]]}, **changes}


def test_counts() -> None:
    seen = Evidence(RULES)
    for each in (
        record(20.0),
        record(10.0, rules="older"),
        record(30.0, rule="gone"),
        record(25.0, who=None),
    ):
        seen.add(each)
    found = seen.environments["ti"]
    assert (found.first, found.last, found.since) == (10.0, 30.0, 20.0)
    assert (found.requests, found.people, found.hits) == (4, 3, {"a": 3})
    assert seen.rights == {("R", "c"): 3, ("R", None): 3}


def test_what_is_no_record_is_left_out() -> None:
    seen = Evidence(RULES)
    for changes in (
        {"kind": "start"},
        {"environment": "prd"},
        {"now": "x"},
        {"now": True},
        {"environment": []},
    ):
        seen.add(record(1.0, **changes) if "now" not in changes else {**record(1.0), **changes})
    seen.add({})
    assert (seen.left_out, seen.environments, seen.rights) == (6, {}, {})
    for rights in (None, "R", [["R"]], [[1, 2, 3]], [None]):
        seen.add(record(1.0, who={"rights": rights}))
    assert seen.rights == {}


def test_memory_is_bounded() -> None:
    seen = Evidence(RULES)
    for number in range(evidence._MOST_RIGHTS + 10):
        seen.add(record(1.0, who={"rights": [["R", str(number), "1"]]}))
    assert len(seen.rights) == evidence._MOST_RIGHTS
    assert seen.full
