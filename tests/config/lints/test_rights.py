"""Rights that were never seen; the cases with places are in tests/cases/lint/rights.txt and unproven.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.lints.rights import rights
from gateway.config.load import read_source
from tests.config.test_lint import configuration

TEXT = """
catalogue: {{{catalogue}}}
rights: {{one: {{right: Recht, context: "{context}"}}}}
rules: [{{id: a, match: {{path: /a}}, require: [right: {{right: one}}]}}]
people: {{p: {person}}}
"""


def told(
    folder: Path, catalogue: str, context: str, person: str, seen: tuple[tuple[str, str | None], ...] = ()
) -> list[str]:
    text = TEXT.format(catalogue=catalogue, context=context, person=person)
    return [each.code for each in rights(read_source(configuration(folder, text)), seen)]


SENT = '{{acm: {{vo_orgcode: OVO001234, ovam_rol_3d: "Recht-{}:OVO001234"}}}}'


@pytest.mark.parametrize(
    ("catalogue", "context", "person", "codes"),
    [
        ("Recht: [editor]", "editor", "{}", []),
        ("Recht: [editor]", "editer", "{}", ["unseen-right"]),
        ("Recht: [editor]", "editer", SENT.format("editer"), ["unseen-right"]),
        ("Recht: []", "editor", "{}", ["unseen-right"]),
        ("Ander: [x]", "editor", SENT.format("editor"), ["unseen-right"]),
        ("", "editor", SENT.format("editor"), []),
        ("", "editor", "{rights: ['Recht-editor:OVO001234']}", []),
        ("", "editor", SENT.format("editer"), ["unseen-right"]),
        ("", "editor", "{rights: [one]}", ["unproven-right"]),
        ("", "editor", SENT.format("raadpleger-van-lijsten"), ["unproven-right"]),
        ("Recht: ['met spatie']", "met spatie", SENT.format("met spatie"), []),
        ("Recht: ['met spatie']", "met spatie", "{}", ["right-never-sent", "right-never-sent"]),
    ],
)
def test_what_counts_as_known(
    tmp_path: Path, catalogue: str, context: str, person: str, codes: list[str]
) -> None:
    assert told(tmp_path, catalogue, context, person) == codes


def test_what_records_show_is_known(tmp_path: Path) -> None:
    assert told(tmp_path, "Recht: [ander]", "editor", "{}", (("Recht", "editor"),)) == []
    assert told(tmp_path, "", "met spatie", "{}", (("Recht", "met spatie"),)) == []
