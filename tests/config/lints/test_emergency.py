"""Emergency rules that give nothing, or too much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from gateway.config.lint import found_in
from gateway.config.load import read_source
from tests.gateways import settings, write_config

EMERGENCY = {"id": "nood", "match": {"path": "/a/**"}, "require": ["anyone"], "emergency": {"at_most": "60m"}}
REST = {"id": "rest", "match": {"path": "/**"}, "require": ["authenticated"]}


def codes(folder: Path, rules: list[Any]) -> set[str]:
    environment = settings(
        folder, name="ti", gateway_url="http://localhost:1", acm_url="http://localhost:2",
        upstream_url="http://localhost:3",
    )  # fmt: skip
    path = write_config(folder, {"ti": environment}, rules=rules)
    document = yaml.safe_load(path.read_text())
    document["never"] = [{"request": "ANY /a/**"}]
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return {each.code for each in found_in(read_source(path)) if each.code.startswith("emergency")}


def test_what_is_warned_about(tmp_path: Path) -> None:
    assert codes(tmp_path, [EMERGENCY, REST]) == {"emergency-breaks-never"}
    assert codes(tmp_path, [{**EMERGENCY, "accept": ["emergency-breaks-never"]}, REST]) == set()
    assert codes(tmp_path, [REST, EMERGENCY]) == {"emergency-without-effect"}
