"""What decision records of the target say about the promoted rules."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.config import load
from gateway.model import CanonicalRequest, DecisionInput
from gateway.observe.chain import Chain
from gateway.observe.decision_record import VERSION, Pseudonyms, RecordEntry
from gateway.observe.record_encoder import RecordEncoder
from gateway.policy.evaluate import decide
from gateway.promotion.evidence import PromotionEvidence, Threshold
from tests.keys import SEAL
from tests.promotion.places import edit, write_two


def recorded(config: Path, place: Path, paths: list[str], *extra: dict[str, Any], env: str = "prd") -> None:
    """Decision records of strangers who asked for these paths, under the rules of now; then further records."""
    rules = load(config).rules[env]
    encoder, chain = RecordEncoder(env, Pseudonyms(b"k" * 32, env)), Chain("test", SEAL)
    lines = []
    for number, path in enumerate(paths):
        segments = tuple(path[1:].split("/"))
        request = CanonicalRequest(
            f"r-{number}", "GET", "https", f"{env}.register.example.be", path, segments, b"/", (), {}, "192.0.2.1", True, "nl"
        )  # fmt: skip
        decision = decide(rules, DecisionInput("GET", request.host, path, segments, "192.0.2.1", 1.8e9, None))
        entry = RecordEntry(
            f"r-{number}", 1.8e9 + number, 200, 0.1, "192.0.2.1", request, decision, None, rules=rules.hash
        )
        lines.append(chain.link(encoder.encode(entry)))
    lines += [json.dumps({"v": VERSION, "environment": env, **each}).encode() + b"\n" for each in extra]
    content = b"".join(lines)
    place.write_bytes(gzip.compress(content) if place.suffix == ".gz" else content)


@pytest.mark.parametrize(
    ("words", "different", "decided", "too_many"),
    [
        ("0.1%", 1, 1000, False),
        ("0.1%", 2, 1000, True),
        ("0%", 0, 9, False),
        ("0", 1, 9, True),
        ("25", 25, 30, False),
        ("100%", 9, 9, False),
    ],
)
def test_a_threshold_is_a_share_or_a_number(words: str, different: int, decided: int, too_many: bool) -> None:
    assert Threshold.parse(words).exceeded(different, decided) is too_many


@pytest.mark.parametrize("words", ["", "%", "-1", "101%", "x", "0.5", "nan%", "²"])
def test_anything_else_is_none(words: str) -> None:
    with pytest.raises(ValueError, match="such as"):
        Threshold.parse(words)


def test_a_replay_counts_other_outcomes(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    recorded(prd, tmp_path / "r.jsonl.gz", ["/public/a", "/public/b", "/x", "/public/c"])
    edit(
        ti,
        ("match: {path: /public/**}", "match: {path: /public/a}"),
        ("public_url: https://ti.", "public_url: https://prd."),
    )
    evidence = PromotionEvidence(load(ti).rules["ti"], "prd")
    evidence.read([str(tmp_path / "r.jsonl.gz")])
    (replayed,) = evidence.counted()
    assert (replayed.what, replayed.decided, replayed.different) == ("replay", 4, 2)
    assert replayed.examples == ("public -> rest: 2 newly denied, such as r-1, r-3",)
    assert replayed.words() == "replay: 2 of 4 requests decided differently (50.00%)"


def test_the_shadow_report_counts_while_these_rules_were_the_candidate(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    rules = load(ti).rules["ti"]
    asked = {"kind": "request", "verdict": "allow", "path": "/x", "who": {}, "method": "GET"}
    differs = {**asked, "shadow": {"rules": rules.hash, "verdict": "deny", "reason": "x", "rule": "rest"}}
    recorded(
        prd, tmp_path / "r.jsonl", [], asked, {"kind": "shadow", "rules": "other"}, asked,
        {"kind": "shadow", "rules": rules.hash}, asked, differs, asked, {"kind": "shadow", "rules": "other"}, asked,
    )  # fmt: skip
    evidence = PromotionEvidence(rules, "prd")
    evidence.read([str(tmp_path / "r.jsonl")])
    _, shadow = evidence.counted()
    assert (shadow.what, shadow.decided, shadow.different) == ("shadow report", 3, 1)
    assert "newly denied" in shadow.examples[0]


def test_records_of_another_environment_count_for_nothing(tmp_path: Path) -> None:
    ti, _ = write_two(tmp_path)
    recorded(ti, tmp_path / "r.jsonl", ["/public/a"], env="ti")
    evidence = PromotionEvidence(load(ti).rules["ti"], "prd")
    evidence.read([str(tmp_path / "r.jsonl")])
    assert evidence.strange == 1
    assert next(evidence.counted()).decided == 0
