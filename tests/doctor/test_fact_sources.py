"""Whether decision points answer, asked of one that does, one that refuses, and one that is gone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from gateway.config import load
from gateway.doctor.check_result import CheckResult
from gateway.doctor.fact_sources import fact_sources
from tests.config.test_lock import environments
from tests.config.test_rules import rule
from tests.gateways import write_config
from tests.plugin.decision_point import scripted_point


def findings(folder: Path, *policies: Any) -> list[CheckResult]:
    rules = [rule(f"r{number}", f"/{number}", policy) for number, policy in enumerate(policies)]
    config = load(write_config(folder, {"ti": environments(folder)["ti"]}, rules=rules))
    return asyncio.run(fact_sources(config.rules["ti"]))


def asking(url: str, **options: Any) -> dict[str, Any]:
    return {"remote": {"protocol": "authzen", "url": url, "timeout": "2s", **options}}


def test_points_that_answer_are_asked_once(tmp_path: Path) -> None:
    with scripted_point() as point:
        found = findings(tmp_path, {"any": [asking(point.url), "anyone"]}, asking(point.url))
        assert [(each.check, each.status) for each in found] == [("decision point", "ok")]
        assert len(point.calls) == 1
        point.answers = lambda: Response(status_code=401)
        (refused,) = findings(tmp_path, asking(point.url))
        assert (refused.status, refused.cause) == ("failed", "answer")
        assert "401" in refused.says
        point.reset()
        point.metadata = point.stated(policy_decision_point="https://other.example.be")
        (other,) = findings(tmp_path, asking(point.url))
        assert "another decision point" in other.says


def test_a_point_that_is_gone(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, asking("http://127.0.0.1:9"))
    assert (found.status, found.cause) == ("failed", "tcp")


def test_a_credential_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PDP_TOKEN", raising=False)
    (found,) = findings(tmp_path, asking("http://127.0.0.1:9", token="env:PDP_TOKEN"))
    assert found.status == "failed"
    assert "PDP_TOKEN" in found.says


def test_other_sources_are_not_asked(tmp_path: Path) -> None:
    assert (
        findings(tmp_path, {"remote": {"url": "http://127.0.0.1:9"}}, {"rate": {"limit": 1, "window": "1m"}})
        == []
    )
