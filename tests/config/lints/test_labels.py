"""Texts without the language of most people."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.lints.warned import warned

RULES = "rules: [{{id: a, label: {}, match: {{path: /a}}, require: [authenticated]}}]\n"


@pytest.mark.parametrize(
    ("label", "missing"),
    [
        ("{}", 0),
        ("{nl: Lijst}", 0),
        ("{nl: Lijst, en: List}", 0),
        ("{en: List}", 1),
        ('{nl: " ", en: List}', 1),
    ],
)
def test_labels_of_rules(tmp_path: Path, label: str, missing: int) -> None:
    assert len(warned(tmp_path, RULES.format(label), "label-missing")) == missing


def test_without_dutch_the_first_language_counts(tmp_path: Path) -> None:
    text = "languages: [en]\n" + RULES.format("{en: List}")
    assert not warned(tmp_path, text, "label-missing")
