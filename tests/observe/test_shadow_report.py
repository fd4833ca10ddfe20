"""Differences between the rules in force and a candidate, counted from decision records."""

from typing import Any

from gateway.observe.shadow_report import ShadowReport


def record(number: int, person: str = "p", shadow: dict[str, Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": "request", "verdict": "allow", "rule": "own", "method": "GET", "path": f"/{number}",
        "request_id": f"r-{number}", "time": f"2026-11-2{number}T00:00:00.000Z", "who": {"person": person},
    }  # fmt: skip
    return found | ({"shadow": shadow} if shadow else {})


def test_differences_are_counted_by_the_rules_that_decided() -> None:
    report = ShadowReport()
    denied = {"verdict": "deny", "rule": "strict", "reason": "no right", "rules": "c"}
    allowed = {"verdict": "allow", "rule": "open", "reason": "active", "rules": "c"}
    for each in (
        {"kind": "start"},
        {"kind": "shadow", "rules": "c"},
        {"kind": "shadow", "rules": "c"},
        {"kind": "shadow", "rules": None},
        record(1, shadow=allowed) | {"verdict": "deny"},
        record(2, shadow=allowed) | {"verdict": "deny"},
        record(3),
        {"kind": "request", "verdict": "own"},
        *(record(number, f"p-{number % 2}", denied) for number in (7, 5, 6, 4)),
    ):
        report.add(each)
    assert report.candidates == ["c"]
    assert report.decided == 7
    first, second = report.differences
    assert (first.change, first.candidate_rule, first.count, first.people) == ("newly_denied", "strict", 4, 2)
    assert (first.first[:10], first.last[:10]) == ("2026-11-24", "2026-11-27")
    assert first.samples == ["GET /7 (r-7)", "GET /5 (r-5)", "GET /6 (r-6)"]
    assert (second.change, second.rule, second.count) == ("newly_allowed", "own", 2)
