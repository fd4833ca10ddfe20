"""What no test would show: a mistyped scope of a program, digits of a code that changed places."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.lints.warned import warned

RULES = """rules:
  - {{id: a, match: {{path: /a}}, require: [any: [{{right: {{right: indiener}}}}, {{{}}}]]}}
  - {{id: b, match: {{path: /b}}, require: [organisation: {{any_of: [OVO001234]}}]}}
"""


@pytest.mark.parametrize(
    ("scope", "words"),
    [("ncr_indienen", None), ("ncr_indiene", "did you mean 'ncr_indienen'?"), ("x", "describe one")],
)
def test_scopes(tmp_path: Path, scope: str, words: str | None) -> None:
    people = "people: {program: {kind: machine, scopes: [ncr_indienen]}}\n"
    found = warned(tmp_path, RULES.format(f"machine: {{scopes: [{scope}]}}") + people, "unproven-scope")
    assert len(found) == (words is not None)
    assert words is None or words in found[0]


@pytest.mark.parametrize(
    ("code", "person", "meant"),
    [
        ("OVO001243", "{}", "OVO001234"),
        ("OVO001235", "{}", "OVO001234"),
        ("OVO001243", "{organisation: OVO001243}", None),
        ("OVO001243", "{acm: {vo_orgcode: OVO001243}}", None),
        ("OVO002143", "{}", None),
        ("OVO001234", "{}", None),
    ],
)
def test_organisations(tmp_path: Path, code: str, person: str, meant: str | None) -> None:
    text = RULES.format(f"organisation: {{any_of: [{code}]}}") + f"people: {{p: {person}}}\n"
    found = [each for each in warned(tmp_path, text, "nearly-an-organisation") if "rule 'a'" in each]
    assert [meant in each for each in found] == ([True] if meant is not None else [])
