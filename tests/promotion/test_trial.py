"""What a promotion would make is tried in a copy, before anything is written."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from gateway.promotion.plan import PARTS, PromotionPlan
from gateway.promotion.trial import PromotionTrial
from tests.processes import ROOT
from tests.promotion.places import edit, sides, write_two


def test_tests_of_the_target_must_hold(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(ti, ("    require: [anyone]", "    require: [authenticated]"))
    edit(prd, ("tests:\n", "tests:\n  - env: [prd]\n    request: GET /public/prd\n    expect: allow\n"))
    trial = PromotionTrial(PromotionPlan.of(*sides(ti, prd), PARTS))
    assert len(trial.problems) == 1
    assert trial.problems[0].startswith(f"{prd}:")
    assert "expected allow" in trial.problems[0]
    assert "/public/prd" in prd.read_text()


def test_what_would_not_load_is_refused(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(ti, ("  reader:\n", "  other:\n    right: X\n  reader:\n"), ("{right: reader}", "{right: other}"))
    trial = PromotionTrial(PromotionPlan.of(*sides(ti, prd), ["rules"]))
    assert trial.source is None
    assert "unknown right 'other'" in trial.problems[0]


def test_new_warnings_are_shown(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(ti, ("  reader:\n", "  unused:\n    right: X\n  reader:\n"))
    trial = PromotionTrial(PromotionPlan.of(*sides(ti, prd), PARTS))
    assert trial.problems == []
    assert any("no rule names the right 'unused'" in each for each in trial.warnings())


def test_files_that_say_something_else_than_was_meant_are_refused(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(
        ti,
        ("idle_timeout: 30m", "idle_timeout: 45m"),
        ("    require: [anyone]", "    require: [authenticated]"),
    )
    plan = PromotionPlan.of(*sides(ti, prd), PARTS)
    content = plan.files[prd]
    assert content is not None
    for wrong in (
        content.replace(b"45m", b"46m"),
        content.replace(b"[authenticated]", b"[anyone]"),
        content.replace(b"client-of-prd", b"client-of-xyz"),
        content.replace(b"GET /private/x", b"GET /private/y"),
    ):
        trial = PromotionTrial(replace(plan, files={prd: wrong}))
        assert any("change" in each and "by hand" in each for each in trial.problems)


def test_relative_paths_start_where_the_file_is(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    (tmp_path / "policies").mkdir()
    shutil.copy(ROOT / "examples" / "plugins" / "email_domain.py", tmp_path / "policies")
    for path in (ti, prd):
        edit(path, ("version: 1\n", "version: 1\nplugins: [./policies]\n"))
    edit(ti, ("idle_timeout: 30m", "idle_timeout: 45m"))
    assert PromotionTrial(PromotionPlan.of(*sides(ti, prd), PARTS)).problems == []
