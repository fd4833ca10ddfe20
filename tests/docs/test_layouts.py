"""The example layouts are valid without a warning, stand for different environments, and can be promoted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import application
from gateway.config import failures, load
from gateway.config.card import card_of
from gateway.config.lint import findings
from tests.processes import ROOT

LAYOUTS = ROOT / "examples" / "layouts"
FILES = sorted(path for path in LAYOUTS.rglob("*.yaml") if path.parent.name != "rules")


def promote(ti: Path, prd: Path, *arguments: str) -> Result:
    asked = [
        "config",
        "promote",
        "--from",
        "ti",
        "--to",
        "prd",
        "--config",
        str(ti),
        "--into",
        str(prd),
        *arguments,
    ]
    return CliRunner().invoke(application(asked), asked)


def test_there_is_a_pair_of_each() -> None:
    assert len(FILES) == 4


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LAYOUTS)))
def test_a_layout_is_valid_without_a_warning(path: Path) -> None:
    config, warnings = findings(path)
    assert not warnings
    (name,) = config.environments
    assert not failures(config, name)


@pytest.mark.parametrize("pair", [FILES[:2], FILES[2:]], ids=["separate", "shared"])
def test_the_environments_of_a_layout_share_nothing(pair: list[Path]) -> None:
    cards = [
        card_of(name, settings, 0.0) for path in pair for name, settings in load(path).environments.items()
    ]
    assert len(cards) == 2
    assert cards[0].shared(cards[1]) == []


def test_a_new_rule_of_a_folder_each_goes_over(tmp_path: Path) -> None:
    shutil.copytree(LAYOUTS / "separate-rules", tmp_path / "x")
    ti, prd = (tmp_path / "x" / name / "gateway.yaml" for name in ("ti", "prd"))
    assert promote(ti, prd, "--dry-run").exit_code == 4
    rule = (
        "rules:\n  # Open to all.\n  - id: news\n    match: {path: /nieuws}\n    require: [authenticated]\n"
    )
    (ti.parent / "rules" / "20-news.yaml").write_text(rule)
    done = promote(ti, prd, "--yes", "--by", "ci", "--reason", "news", "--without-records")
    assert done.exit_code == 0, done.output
    assert (prd.parent / "rules" / "20-news.yaml").read_text() == rule
    assert [each.id for each in load(prd).rules["prd"].rules] == ["new-report", "news", "register"]


def test_shared_rules_need_no_promotion(tmp_path: Path) -> None:
    shutil.copytree(LAYOUTS / "shared-rules", tmp_path / "x")
    assert promote(tmp_path / "x" / "ti.yaml", tmp_path / "x" / "prd.yaml", "--dry-run").exit_code == 4
