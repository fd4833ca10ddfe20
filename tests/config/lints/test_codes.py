"""Codes in suites; those in rules are in tests/cases/lint/codes.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.lints.warned import warned

RULE = "rules: [{id: a, match: {path: /a}, require: [right: {right: indiener}]}]\n"


@pytest.mark.parametrize(
    "key", ["tests: [{request: GET /a, expect: deny, as: ", "never: [{request: GET /a, as: "]
)
@pytest.mark.parametrize(
    ("person", "code"),
    [
        ('{organisation: "0428315872"}', "impossible-organisation"),
        ("{doelgroep: GIDD}", "unknown-doelgroep"),
        ("{acr: itsme}", "unknown-acr"),
        ('{acm: {vo_orgcode: "0428.315.871"}}', "impossible-organisation"),
        ("{acm: {ovam_rol_3d: [OVAMGebruiker-Indiener]}}", "not-a-right"),
        ("{acm: {ovam_rol_3d: [12]}}", "not-a-right"),
        ('{acm: {rrn: "85.03.15-123.69"}}', "impossible-person"),
    ],
)
def test_people_of_suites(tmp_path: Path, key: str, person: str, code: str) -> None:
    assert len(warned(tmp_path, f"{RULE}{key}{person}}}]\n", code)) == 1


def test_a_program_may_act_for_an_organisation(tmp_path: Path) -> None:
    rules = 'rules: [{id: a, match: {path: /a}, require: [machine: {organisation: ["0428315872"]}]}]\n'
    assert len(warned(tmp_path, rules, "impossible-organisation")) == 1
