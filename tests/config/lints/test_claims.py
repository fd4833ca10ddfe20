"""Names of claims and scopes that ACM doesn't send; the cases with places are in tests/cases/lint/claims.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.lints.warned import warned

RULE = "rules: [{id: a, match: {path: /a}, require: [right: {right: indiener}]}]\n"


@pytest.mark.parametrize(
    ("identity", "meant"),
    [
        ("claims: {organisation: vo_orgcod}", "vo_orgcode"),
        ("claims: {organisation: VO_ORGCODE}", "vo_orgcode"),
        ("claims: {organisation: vo-orgcode}", "vo_orgcode"),
        ("claims: {doelgroep: vo_doelgroep_code}", "vo_doelgroepcode"),
        ("claims: {given_name: givenname}", "given_name"),
        ("claims: {extra: [vo_ID]}", "vo_id"),
        ("rights: {claims: [ovam_rol3d]}", "ovam_rol_3d"),
        ("rights: {claims: [ovam-rol-3d]}", "ovam_rol_3d"),
        ("rights: {claims: [ovamm_rol_3d]}", None),
        ("rights: {claims: [ovm_rol_3d]}", "ovam_rol_3d"),
    ],
)
def test_names_that_are_almost_right(tmp_path: Path, identity: str, meant: str | None) -> None:
    found = warned(tmp_path, f"{RULE}identity: {{{identity}}}\n", "misspelt-claim")
    assert len(found) == (1 if meant is not None else 0)
    assert all(f"did you mean {meant!r}?" in each for each in found)


@pytest.mark.parametrize(
    "identity",
    ["claims: {organisation: org_code}", "claims: {extra: [department]}", "rights: {claims: [ovam_rol_2d, groups]}",
     "rights: {claims: [ovam_gebruiker_rol_3d]}"],
)  # fmt: skip
def test_names_of_another_provider_are_its_own(tmp_path: Path, identity: str) -> None:
    assert warned(tmp_path, f"{RULE}identity: {{{identity}}}\n", "misspelt-claim") == []
