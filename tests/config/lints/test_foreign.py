"""Addresses of one environment in another."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.lint import findings
from tests.processes import ROOT


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("http://localhost:8110/mijnprofiel", "http://localhost:8010/mijnprofiel", "localhost:8010"),
        ("http://localhost:8110/mijnprofiel", "http://127.0.0.1:8020/mijnprofiel", "localhost:8020"),
        ("http://localhost:8110/mijnprofiel", "https://mijnprofiel-ti.vlaanderen.be/x", "mijnprofiel.vlaanderen.be"),
        ("http://localhost:8110/mijnprofiel", "https://mijnprofiel.vlaanderen.be/x", None),
        ("http://localhost:8010/mijnprofiel", "https://mijnprofiel-ti.vlaanderen.be/x", None),
        ("public_url: http://localhost:8100", "public_url: https://ti.register.example.be", "'ti' in it"),
        ("public_url: http://localhost:8100", "public_url: https://titan.example.be", None),
        # Shared rules: scripts of T&I act for people of PRD.
        ("    match: {path: /echo/**}", "    match: {path: /echo/**}\n    cors: {origins: ['http://localhost:8000'], credentials: true}", "'prd' has this rule too"),
        ("    match: {path: /echo/**}", "    match: {path: /echo/**}\n    cors: {origins: ['https://app.example.be'], credentials: true}", None),
    ],
)  # fmt: skip
def test_addresses_of_another(tmp_path: Path, before: str, after: str, found: str | None) -> None:
    path = tmp_path / "config.yaml"
    path.write_text((ROOT / "config.yaml").read_text("utf-8").replace(before, after, 1), "utf-8")
    told = [each.message for each in findings(path)[1] if each.code == "other-environment"]
    assert len(told) == (found is not None)
    assert all(found in each for each in told if found is not None)
