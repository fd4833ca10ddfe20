"""Rules in included files: shared by both environments, or each with files of its own."""

from __future__ import annotations

from pathlib import Path

from gateway.promotion.plan import PARTS, PromotionPlan
from gateway.promotion.trial import PromotionTrial
from tests.promotion.places import edit, sides, write_two

FIRST = "# The public part.\nrules:\n  # Anyone.\n  - id: news\n    match: {path: /news}\n    require: [authenticated]\n"
MORE = "  # Inside.\n  - id: inside\n    match: {path: /inside}\n    require: [authenticated]\n"


def with_files(folder: Path, *, separate: bool) -> tuple[Path, Path]:
    ti, prd = write_two(folder, separate=separate)
    for path in (ti, prd):
        edit(path, ("  # The first that matches decides.\n", '  - include: "rules/*.yaml"\n'))
        (path.parent / "rules").mkdir(exist_ok=True)
        (path.parent / "rules" / "10-news.yaml").write_text(FIRST)
    return ti, prd


def planned(ti: Path, prd: Path) -> PromotionPlan:
    plan = PromotionPlan.of(*sides(ti, prd), PARTS)
    if not plan.conflicts:
        assert PromotionTrial(plan).problems == []
    return plan


def test_shared_files_differ_in_nothing(tmp_path: Path) -> None:
    ti, prd = with_files(tmp_path, separate=False)
    (tmp_path / "rules" / "10-news.yaml").write_text(FIRST + MORE)
    plan = planned(ti, prd)
    assert plan.changes == []
    assert plan.files == {}


def test_files_change_come_and_go(tmp_path: Path) -> None:
    ti, prd = with_files(tmp_path, separate=True)
    (ti.parent / "rules" / "10-news.yaml").write_text(FIRST + MORE)
    (ti.parent / "rules" / "20-new.yaml").write_text(
        "rules:\n  - {id: new, match: {path: /new}, require: [authenticated]}\n"
    )
    gone = prd.parent / "rules" / "30-old.yaml"
    gone.write_text("rules:\n  - {id: old, match: {path: /old}, require: [authenticated]}\n")
    plan = planned(ti, prd)
    assert {(each.how, each.name) for each in plan.changes} == {
        ("+", "rules.inside"), ("+", "rules.new"), ("-", "rules.old"),
    }  # fmt: skip
    rules = prd.parent / "rules"
    assert plan.files == {
        rules / "10-news.yaml": (FIRST + MORE).encode(),
        rules / "20-new.yaml": (ti.parent / "rules" / "20-new.yaml").read_bytes(),
        gone: None,
    }


def test_a_rule_that_stays_keeps_its_file(tmp_path: Path) -> None:
    ti, prd = with_files(tmp_path, separate=True)
    edit(prd, ("    assertion:", "    not_promoted: [rules.old, rules.trial]\n    assertion:"))
    here = prd.parent / "rules" / "30-old.yaml"
    here.write_text("# Only here.\nrules:\n  - {id: old, match: {path: /old}, require: [authenticated]}\n")
    (ti.parent / "rules" / "20-trial.yaml").write_text(
        "rules:\n  - {id: trial, match: {path: /trial}, require: [authenticated]}\n"
    )
    plan = planned(ti, prd)
    assert plan.changes == []
    assert plan.files == {}


def test_a_file_in_the_way_is_a_conflict(tmp_path: Path) -> None:
    ti, prd = with_files(tmp_path, separate=True)
    edit(prd, ('  - include: "rules/*.yaml"\n', '  - include: "rules/10-news.yaml"\n'))
    (ti.parent / "rules" / "20-new.yaml").write_text(
        "rules:\n  - {id: new, match: {path: /new}, require: [authenticated]}\n"
    )
    (prd.parent / "rules" / "20-new.yaml").write_text("a draft")
    assert "is in the way" in planned(ti, prd).conflicts[0]


def test_a_rule_that_moved_into_a_file(tmp_path: Path) -> None:
    ti, prd = with_files(tmp_path, separate=True)
    inline = "  - id: public\n    match: {path: /public/**}\n    require: [anyone]\n\n"
    edit(ti, (inline, ""))
    (ti.parent / "rules" / "05-public.yaml").write_text(f"rules:\n{inline}")
    plan = planned(ti, prd)
    assert [each.name for each in plan.changes] == ["their order"]
    assert set(plan.files) == {prd, prd.parent / "rules" / "05-public.yaml"}
