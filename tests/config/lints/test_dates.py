"""Dates that passed, and dates that are far away; those with places are in tests/cases/lint/dates.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.lints.warned import warned


@pytest.mark.parametrize(
    ("schedule", "codes"),
    [
        ("{until: 2026-11-25}", ["ended on 2026-11-25"]),
        ("{until: 2026-11-26}", []),
        ("{from: 2020-01-01}", []),
        ("{from: 2006-01-01}", ["more than 10 years"]),
        ("{until: 2126-11-25}", ["more than 10 years"]),
        ("{closed: [2025-12-25]}", ["closed days have passed"]),
        ("{closed: [2025-12-25, 2026-12-25]}", []),
        ("{closed: [2025-12-25], until: 2026-01-01}", ["ended on 2026-01-01"]),
        ("{closed: [2225-12-25]}", ["more than 10 years"]),
    ],
)
@pytest.mark.parametrize(
    "policy",
    ["schedule: {}", "not: {{schedule: {}}}", "any: [{{schedule: {}}}, {{right: {{right: indiener}}}}]"],
)
def test_dates(tmp_path: Path, schedule: str, codes: list[str], policy: str) -> None:
    policy = (
        policy.replace("{}", schedule).replace("{{", "{").replace("}}", "}")
        if "{{" in policy
        else f"schedule: {schedule}"
    )
    rules = f"rules: [{{id: a, match: {{path: /a}}, require: [authenticated, {policy}]}}]\n"
    found = warned(tmp_path, rules, "past-date", "far-date")
    assert len(found) == len(codes)
    assert all(words in each for words, each in zip(codes, found, strict=True))
