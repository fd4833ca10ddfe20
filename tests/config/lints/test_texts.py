"""Texts at every place of a file; the cases with places are in tests/cases/lint/texts.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.lints.warned import warned

RULE = "rules: [{id: a, match: {path: /a}, require: [right: {right: indiener}]}]\n"


@pytest.mark.parametrize(
    "part",
    [
        'environment: {support: {environment_label: {nl: "a\u200bb"}}}',
        'people: {p: {organisation: "OVO001234\u200b"}}',
        'people: {p: {acm: {"vo_orgcode\u200b": OVO001234}}}',
        'tests: [{request: GET /a, expect: deny, name: "a\u200bb"}]',
        'catalogue: {OVAMGebruiker: ["Indiener\u200b", Lezer, Indiener]}',
    ],
)
def test_nothing_is_left_out(tmp_path: Path, part: str) -> None:
    assert len(warned(tmp_path, f"{RULE}{part}\n", "invisible-character")) == 1


def test_an_included_file_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(
        "rules: [{id: b, match: {path: /b}, require: [claim: {name: \u201cx\u201d, exists: true}]}]\n"
    )
    text = "rules: [{id: a, match: {path: /a}, require: [right: {right: indiener}]}, {include: more.yaml}]\n"
    assert len(warned(tmp_path, text, "typographic-character")) == 1
