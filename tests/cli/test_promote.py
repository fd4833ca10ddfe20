"""`gateway config promote`, as operators and pipelines run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import application
from tests.promotion.places import edit, write_two
from tests.promotion.test_evidence import recorded


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    ti, prd = write_two(tmp_path)
    edit(prd, ("    assertion:", "    observe: {records: file:prd.jsonl}\n    assertion:"))
    return ti, prd


def promote(
    two: tuple[Path, Path], *arguments: str, typed: str = "", from_: str = "ti", to: str = "prd"
) -> Result:
    files = ["--config", str(two[0]), "--into", str(two[1])]
    asked = ["config", "promote", "--from", from_, "--to", to, *files, *arguments]
    return CliRunner().invoke(application(asked), asked, input=typed)


def new_rule(path: Path) -> None:
    edit(
        path,
        (
            "  # Everything else.\n",
            "  # New.\n  - id: news\n    match: {path: /news}\n    require: [authenticated]\n  # Everything else.\n",
        ),
    )


PIPELINE = ("--yes", "--by", "pipeline 7", "--reason", "release 12")


def test_the_whole_way(two: tuple[Path, Path]) -> None:
    new_rule(two[0])
    edit(two[0], ("idle_timeout: 30m", "idle_timeout: 45m"))
    recorded(two[1], two[1].parent / "prd.jsonl", ["/public/a", "/x"] * 5)
    two[1].chmod(0o644)
    key = two[1].parent / "secrets" / "prd" / "session.key"
    key.parent.mkdir(parents=True)
    key.write_bytes(b"k" * 48)
    key.chmod(0o600)
    done = promote(two, "--reason", "release 12", typed="prd\n")
    assert done.exit_code == 0, done.output
    for words in (
        "+ rules.news",
        '~ session.idle_timeout: "30m" -> "45m"',
        "stays: public_url",
        "2 tests and 0 never hold in prd",
        "diff:",
        "replay: 0 of 10 requests decided differently (0.00%)",
        "Type prd to write this",
        "PROMOTED 2 changes from ti to prd",
        "when the gateways of prd start again",
    ):
        assert words in done.output
    assert "client-of-ti" not in done.output
    assert "  # New.\n  - id: news" in two[1].read_text()
    assert "client-of-prd" in two[1].read_text()
    assert two[1].stat().st_mode & 0o777 == 0o644
    (line,) = [json.loads(each) for each in (two[1].parent / "promotions.jsonl").read_text().splitlines()]
    assert line["reason"] == "release 12"
    assert line["changes"] == ["+ rules.news", "~ session.idle_timeout"]
    assert line["before"] != line["rules"]
    kept = [json.loads(each) for each in (two[1].parent / "prd.jsonl").read_text().splitlines()]
    (record,) = [each for each in kept if each["kind"] == "promotion"]
    assert (record["from"], record["reason"]) == ("ti", "release 12")
    again = promote(two, *PIPELINE)
    assert again.exit_code == 4
    assert "nothing to promote" in again.output


def test_a_pipeline_says_who(two: tuple[Path, Path]) -> None:
    new_rule(two[0])
    before = two[1].read_bytes()
    assert promote(two, "--yes", "--reason", "x").exit_code == 2
    assert promote(two, "--yes", "--by", "x").exit_code == 2
    assert two[1].read_bytes() == before
    done = promote(two, *PIPELINE, "--without-records")
    assert done.exit_code == 0, done.output
    assert json.loads((two[1].parent / "promotions.jsonl").read_text())["by"] == "pipeline 7"


@pytest.mark.parametrize("typed", ["", "ti\n", "yes\n", "PRD\n"])
def test_anything_but_the_name_writes_nothing(two: tuple[Path, Path], typed: str) -> None:
    new_rule(two[0])
    before = two[1].read_bytes()
    done = promote(two, "--reason", "x", "--without-records", typed=typed)
    assert done.exit_code == 1
    assert "Nothing was written" in done.output
    assert two[1].read_bytes() == before
    assert not (two[1].parent / "promotions.jsonl").exists()


def test_a_dry_run_prints_the_change(two: tuple[Path, Path]) -> None:
    new_rule(two[0])
    before = two[1].read_bytes()
    done = promote(two, "--dry-run", "--without-records")
    assert done.exit_code == 0
    assert f"--- {two[1]}\n" in done.output
    assert "+  # New.\n+  - id: news\n" in done.output
    assert two[1].read_bytes() == before
    refused = promote(two, "--dry-run")
    assert refused.exit_code == 1
    assert "--records" in refused.output


def test_a_replay_over_the_threshold_is_refused(two: tuple[Path, Path]) -> None:
    recorded(two[1], two[1].parent / "prd.jsonl", ["/public/a"] * 3 + ["/x"] * 97)
    edit(two[0], ("match: {path: /public/**}", "match: {path: /public/b}"))
    before = two[1].read_bytes()
    done = promote(two, *PIPELINE)
    assert done.exit_code == 1
    assert (
        "REFUSED: replay: 3 of 100 requests decided differently (3.00%), more than the threshold of 0.1%"
        in done.output
    )
    assert "public -> rest: 3 newly denied" in done.output
    assert two[1].read_bytes() == before
    assert promote(two, *PIPELINE, "--threshold", "5%").exit_code == 0


def test_a_shadow_report_over_the_threshold_is_refused(two: tuple[Path, Path]) -> None:
    new_rule(two[0])
    rules = promoted_hash(two)
    asked: dict[str, Any] = {"kind": "request", "verdict": "allow", "path": "/x", "who": {}, "method": "GET"}
    differs = {**asked, "shadow": {"rules": rules, "verdict": "deny", "reason": "x", "rule": "news"}}
    recorded(
        two[1], two[1].parent / "prd.jsonl", ["/public/a"], {"kind": "shadow", "rules": rules}, asked, differs
    )
    done = promote(two, *PIPELINE)
    assert done.exit_code == 1
    assert "REFUSED: shadow report: 1 of 2 requests decided differently" in done.output
    assert promote(two, *PIPELINE, "--threshold", "1").exit_code == 0


def promoted_hash(two: tuple[Path, Path]) -> str:
    """The hash of the rule set as it will be in the target."""
    from gateway.config.load import read_source
    from gateway.promotion.plan import PARTS, PromotionPlan
    from gateway.promotion.side import PromotionSide
    from gateway.promotion.trial import PromotionTrial

    trial = PromotionTrial(
        PromotionPlan.of(
            PromotionSide(read_source(two[0]), "ti"), PromotionSide(read_source(two[1]), "prd"), PARTS
        )
    )
    assert trial.source is not None
    return trial.source.config.rules["prd"].hash


def test_records_of_the_other_environment_are_refused(two: tuple[Path, Path]) -> None:
    new_rule(two[0])
    records = two[0].parent / "ti.jsonl"
    recorded(two[0], records, ["/public/a"], env="ti")
    done = promote(two, *PIPELINE, "--records", str(records))
    assert done.exit_code == 1
    assert "another environment than prd" in done.output
    assert promote(two, *PIPELINE, "--records", str(records.with_name("none"))).exit_code == 1


def test_a_config_map_is_refused(two: tuple[Path, Path]) -> None:
    new_rule(two[0])
    real = two[1].with_name("real.yaml")
    two[1].rename(real)
    two[1].symlink_to(real.name)
    done = promote(two, *PIPELINE, "--without-records")
    assert done.exit_code == 1
    assert "ConfigMap" in done.output
    assert "news" not in real.read_text()


def test_rules_in_a_config_map_are_refused(tmp_path: Path) -> None:
    two = write_two(tmp_path, separate=True)
    new_rule(two[0])
    rules = two[1].parent / "rules"
    (rules / "..data").mkdir(parents=True)
    (rules / "..data" / "a.yaml").write_text(
        "rules:\n  - {id: a, match: {path: /a}, require: [authenticated]}\n"
    )
    (rules / "a.yaml").symlink_to("..data/a.yaml")
    edit(two[1], ("  # Everything else.\n", '  - include: "rules/*.yaml"\n'))
    done = promote(two, *PIPELINE, "--without-records")
    assert done.exit_code == 1
    assert "ConfigMap" in done.output


def test_failing_tests_are_refused(two: tuple[Path, Path]) -> None:
    edit(
        two[0],
        (
            "      - right: {right: reader}\n",
            "      - right: {right: reader}\n  - id: never\n    match: {path: /never}\n    require: [anyone]\n",
        ),
    )
    edit(two[1], ("tests:\n", "never:\n  - {env: [prd], request: 'ANY /public/**'}\ntests:\n"))
    done = promote(two, *PIPELINE, "--without-records")
    assert done.exit_code == 1
    assert "failed" in done.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "rulez", *PIPELINE], "did you mean 'rules'"),
        (["--threshold", "much", *PIPELINE], "such as 0.1% or 25"),
        ([], "--reason"),
    ],
)
def test_wrong_arguments(two: tuple[Path, Path], arguments: list[str], words: str) -> None:
    done = promote(two, *arguments)
    assert done.exit_code == 2
    assert words in done.output


def test_environments_that_are_not_there(two: tuple[Path, Path]) -> None:
    done = promote(two, *PIPELINE, to="prod")
    assert done.exit_code == 2
    assert "unknown environment 'prod'" in done.output
    assert promote((two[0], two[0]), *PIPELINE, to="ti").exit_code == 2


def test_a_rule_that_names_the_other_environment(two: tuple[Path, Path]) -> None:
    edit(two[0], ("match: {path: /public/**}", "match: {path: /public/**, hosts: [ti.register.example.be]}"))
    done = promote(two, *PIPELINE, "--without-records")
    assert done.exit_code == 1
    assert "CONFLICT" in done.output


def test_records_that_show_nothing_are_no_proof(two: tuple[Path, Path]) -> None:
    new_rule(two[0])
    asked: dict[str, Any] = {"kind": "request", "verdict": "deny", "method": "GET"}
    masked = {**asked, "path": "/x/[national number]"}
    place = two[1].parent / "prd.jsonl"
    recorded(two[1], place, [], masked, {**masked, "path": "/y", "emergency": "a"}, {"kind": "start"})
    place.write_bytes(place.read_bytes() + b'{"cut\n')
    done = promote(two, *PIPELINE)
    assert done.exit_code == 1
    for words in (
        "replay: 0 of 0 requests decided differently",
        "  not decided again: 1 broken lines",
        "  not decided again: 1 requests that an open emergency rule let in",
        "  not decided again: 1 requests whose path was masked",
        "REFUSED: none of the requests recorded in",
    ):
        assert words in done.output
    place.write_bytes(b"")
    assert "REFUSED: none of the requests recorded in" in promote(two, *PIPELINE).output
    assert promote(two, *PIPELINE, "--without-records").exit_code == 0
