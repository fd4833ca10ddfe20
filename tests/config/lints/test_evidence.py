"""What records prove about rules and rights, and from when on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.analysis.evidence import Evidence
from gateway.config.lints.evidence import evidence, uncovered
from gateway.config.load import Source, read_source
from tests.config.test_lint import configuration

DAY = 86_400.0
TEXT = """rules:
  - {id: hit, match: {path: /a}, require: [right: {right: indiener}]}
  - {id: idle, match: {path: /b}, require: [right: {right: lezer}]}
  - {id: meant, match: {path: /c}, accept: [never-hit], require: [right: {right: lezer}]}
"""


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return read_source(configuration(tmp_path, TEXT))


def seen(source: Source, *records: dict[str, Any]) -> Evidence:
    found = Evidence(source.config.rules)
    rules = source.config.rules["ti"].hash
    for each in records:
        found.add({"kind": "request", "environment": "ti", "rule": "hit", "rules": rules, **each})
    return found


def held(*contexts: str) -> dict[str, Any]:
    return {"rights": [["OVAMGebruiker", context, "1"] for context in contexts]}


def test_a_rule_that_nothing_hits(source: Source) -> None:
    found = seen(source, {"now": 0.0}, {"now": 30 * DAY})
    (finding,) = evidence(source, found, days=30)
    assert finding.code == "never-hit"
    assert "rule 'idle' decided none of 2 requests of ti from 1970-01-01 to 1970-01-31" in finding.message
    assert not list(uncovered(found, days=30))


def test_too_few_days_say_nothing(source: Source) -> None:
    found = seen(source, {"now": 0.0}, {"now": 29 * DAY})
    assert list(evidence(source, found, days=30)) == []
    assert list(uncovered(found, days=30)) == [
        "ti: the records cover 29.0 days; which rules nothing hits is only said from 30 days on"
    ]


@pytest.mark.parametrize(
    ("first", "words"),
    [("older", "since 1970-02-01"), (None, "since 1970-02-01"), ("all", "not in them yet")],
)
def test_since_when_the_rules_are_those_of_now(source: Source, first: str | None, words: str) -> None:
    last = {"rules": "older"} if first == "all" else {}
    found = seen(source, {"now": 1.0, "rules": "older"}, {"now": 31 * DAY, **last})
    (finding,) = evidence(source, found, days=30)
    assert words in finding.message


def test_rights_that_nobody_has(source: Source) -> None:
    found = seen(source, {"now": 0.0, "who": held("Lezer", "Indeiner")})
    codes = {finding.code: finding.message for finding in evidence(source, found, days=30)}
    assert "did you mean OVAMGebruiker-Indeiner?" in codes["right-never-seen"]
    assert "lacks OVAMGebruiker-Indeiner, which people had in 1 requests" in codes["catalogue-incomplete"]


def test_records_of_nobody_say_nothing_about_rights(source: Source) -> None:
    assert list(evidence(source, seen(source, {"now": 0.0}), days=30)) == []
